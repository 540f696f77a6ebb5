//! What is sent to the client.

use std::sync::atomic::{AtomicI32, Ordering};

use lsp_server::{Connection, Message, Notification, Request, RequestId, Response};
use serde::Serialize;
use serde_json::Value;

/// The way to the client. Whatever is sent to a client that is gone is lost.
pub(crate) struct Outbox {
    connection: Connection,
    next_id: AtomicI32,
}

impl Outbox {
    pub(crate) fn new(connection: Connection) -> Outbox {
        Outbox { connection, next_id: AtomicI32::new(1) }
    }

    /// The messages of the client.
    pub(crate) fn incoming(&self) -> impl Iterator<Item = Message> + Send + use<> {
        self.connection.receiver.clone().into_iter()
    }

    pub(crate) fn respond(&self, response: Response) {
        let _ = self.connection.sender.send(response.into());
    }

    pub(crate) fn notify<N: lsp_types::notification::Notification>(&self, params: N::Params)
    where
        N::Params: Serialize,
    {
        let message = Notification::new(N::METHOD.to_owned(), params);
        let _ = self.connection.sender.send(message.into());
    }

    /// Asks the client for something; what it answers is not waited for.
    pub(crate) fn ask<R: lsp_types::request::Request>(&self, params: R::Params)
    where
        R::Params: Serialize,
    {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let id = RequestId::from(format!("kiln-{id}"));
        let params = serde_json::to_value(params).unwrap_or(Value::Null);
        let request = Request { id, method: R::METHOD.to_owned(), params };
        let _ = self.connection.sender.send(request.into());
    }

    /// Tells the user of something that is not as it should be.
    pub(crate) fn warn(&self, text: &str) {
        self.notify::<lsp_types::notification::ShowMessage>(lsp_types::ShowMessageParams {
            typ: lsp_types::MessageType::WARNING,
            message: format!("kiln: {text}"),
        });
    }

    /// Writes into the client's log.
    pub(crate) fn log(&self, text: &str) {
        self.notify::<lsp_types::notification::LogMessage>(lsp_types::LogMessageParams {
            typ: lsp_types::MessageType::WARNING,
            message: format!("kiln: {text}"),
        });
    }
}
