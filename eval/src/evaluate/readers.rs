//! What expressions may read before anything is chosen.

use std::sync::Arc;

use kiln_lang::check::Fact;
use kiln_lang::module::{ExprId, Name};
use kiln_lang::schema::BodyRef;
use kiln_lang::types::Object;
use kiln_lang::{Code, Database, Diagnostic, FileId};

use crate::interpret::{Failure, Fuel, Interpreter, Reader};
use crate::text::Text;
use crate::value::{LocalFile, Value};

/// Reads nothing: for what must be known before anything is chosen.
pub(super) struct Nothing<'f> {
    pub(super) fuel: &'f mut Fuel,
    pub(super) db: &'f Database,
}

impl Nothing<'_> {
    fn unknown(&self, at: (FileId, ExprId)) -> Failure {
        let range = self.db.expr_range(at.0, at.1);
        let message = "this is not known before something is chosen";
        Box::new(Diagnostic::new(Code::EvaluationError, at.0, range, message))
    }
}

impl Reader for Nothing<'_> {
    fn option(&mut self, _: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        Err(self.unknown(at))
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        let checked = self.db.checked(at.file);
        match checked.module().bodies[at.body].options[index as usize].default {
            Some(value) => Interpreter::new(self.db, &checked, self).eval(value),
            None => Ok(Value::Null),
        }
    }

    fn fact(&mut self, _: Fact, at: (FileId, ExprId)) -> Result<Value, Failure> {
        Err(self.unknown(at))
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

/// Reads the version of a package, and nothing else.
pub(super) struct OwnVersion<'f> {
    pub(super) fuel: &'f mut Fuel,
    pub(super) db: &'f Database,
    pub(super) version: &'f kiln_lang::Version,
}

impl OwnVersion<'_> {
    fn nothing(&mut self) -> Nothing<'_> {
        Nothing { fuel: self.fuel, db: self.db }
    }
}

impl Reader for OwnVersion<'_> {
    fn option(&mut self, name: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        self.nothing().option(name, at)
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        let checked = self.db.checked(at.file);
        match checked.module().bodies[at.body].options[index as usize].default {
            Some(value) => Interpreter::new(self.db, &checked, self).eval(value),
            None => Ok(Value::Null),
        }
    }

    fn fact(&mut self, fact: Fact, at: (FileId, ExprId)) -> Result<Value, Failure> {
        match fact {
            Fact::Version => Ok(Value::Version(self.version.clone())),
            Fact::Name | Fact::Out | Fact::Src => self.nothing().fact(fact, at),
        }
    }

    fn member(
        &mut self,
        object: Object,
        name: &Name,
        at: (FileId, ExprId),
    ) -> Result<Value, Failure> {
        self.nothing().member(object, name, at)
    }

    fn file(&mut self, file: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure> {
        self.nothing().file(file, at)
    }

    fn fuel(&mut self) -> &mut Fuel {
        self.fuel
    }
}
