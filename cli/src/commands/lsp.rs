//! `kiln lsp`: the language server, for an editor at the other end of standard input and output.

use std::sync::Arc;

use kiln_lsp::{Config, ServeError, serve, stdio};

use crate::embedded::{self, PAGES};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::folders::{Purpose, folder};
use crate::workspace::this_machine;
use crate::world::{DiskWorld, STD};

pub(crate) fn run() -> Result<Exit, Fail> {
    let (connection, writer) = stdio();
    let config = Config {
        world: Arc::new(DiskWorld::default()),
        std_root: STD.to_owned(),
        machine: this_machine(),
        // Files that are part of the program, for editors to open.
        cache: folder(Purpose::Cache).map(|it| it.join("editor")),
        page: |slug| {
            let page = embedded::find(PAGES, &format!("{slug}.md"))?;
            Some(String::from_utf8_lossy(page).into_owned())
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let result = serve(connection, config);
    // What was answered last is on its way.
    let _ = writer.join();
    match result {
        Ok(()) => Ok(Exit::Done),
        Err(error @ (ServeError::Disconnected | ServeError::NoShutdown)) => {
            Err(Fail::Usage(error.to_string()))
        }
    }
}
