//! What expressions may read before anything is chosen.

use std::sync::Arc;

use kiln_lang::check::Fact;
use kiln_lang::module::{ExprId, Name};
use kiln_lang::schema::BodyRef;
use kiln_lang::types::Object;
use kiln_lang::{Code, Database, Diagnostic, FileId};

use crate::interpret::{Failure, Fuel, Reader, eval_let};
use crate::text::Text;
use crate::value::{LocalFile, Value};

/// Reads what is known before anything is chosen: lets, and the version where that is what the
/// expression is about.
pub(super) struct Early<'f> {
    pub(super) fuel: &'f mut Fuel,
    pub(super) db: &'f Database,
    pub(super) version: Option<&'f kiln_lang::Version>,
}

impl Early<'_> {
    fn unknown(&self, at: (FileId, ExprId)) -> Failure {
        let range = self.db.expr_range(at.0, at.1);
        let message = "this is not known before something is chosen";
        Box::new(Diagnostic::new(Code::EvaluationError, at.0, range, message))
    }
}

impl Reader for Early<'_> {
    fn option(&mut self, _: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        Err(self.unknown(at))
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        eval_let(self.db, &self.db.checked(at.file), (at, index), self)
    }

    fn fact(&mut self, fact: Fact, at: (FileId, ExprId)) -> Result<Value, Failure> {
        match (fact, self.version) {
            (Fact::Version, Some(version)) => Ok(Value::Version(version.clone())),
            (Fact::Version | Fact::Name | Fact::Out | Fact::Src, _) => Err(self.unknown(at)),
        }
    }

    fn member(&mut self, _: Object, _: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        Err(self.unknown(at))
    }

    fn file(&mut self, _: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure> {
        Err(self.unknown(at))
    }

    fn fuel(&mut self) -> &mut Fuel {
        self.fuel
    }
}
