//! Files and everything derived from them, each computed once and on demand.
//!
//! ```text
//! FileId ─text─▶ ─parse─▶ ─lower─▶ Lowered ─env─▶ Env ─schema─▶ Schema ─check─▶ Checked
//! ```
//!
//! Everything derived from a file depends on its text and on the [`Schema`]s and [`Env`]s of the
//! files it names, never on their positions.
//!
//! A database is shared by threads. Editing a file makes a new database that shares with the old
//! one all that the edit did not change ([`Database::with_file`]): what is derived from a file
//! remembers which files were looked at on the way.
//!
//! Files of the roots have their ids by their order there, whoever asks for them first.

mod reuse;
mod shelf;

use std::any::Any;
use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use text_size::TextRange;
use thin_vec::ThinVec;

use self::shelf::Shelf;
use crate::check::{self, Checked};
use crate::diagnostic::Diagnostic;
use crate::env::{self, Env};
use crate::fast_map::FastMap;
use crate::module::{ExprId, LowerError, Module, ModuleKind, Name, SourceMap, SpanId, lower};
use crate::schema::{self, Schema};
use crate::syntax::{Parse, SyntaxError, parse_meaning, parse_shared, parse_spec};
use crate::world::{World, WorldError};

/// A file of a database, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

impl FileId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Files and everything derived from them.
pub struct Database {
    world: Arc<dyn World>,
    /// Folders with recipes and modules; the first one that has a name wins.
    roots: Vec<String>,
    index: Arc<OnceLock<Index>>,
    files: Files,
}

thread_local! {
    static DERIVING: RefCell<Deriving> =
        const { RefCell::new(Deriving { of: Vec::new(), looked_at: Vec::new() }) };
}

/// What is being derived on a thread.
struct Deriving {
    /// Of which file each thing is made, outermost first, and where what it has looked at begins.
    of: Vec<(FileId, usize)>,
    /// The files that were looked at for these things, one thing after the other.
    looked_at: Vec<FileId>,
}

impl Deriving {
    /// The other files that were looked at for the innermost thing.
    fn last(&self) -> Option<(FileId, &[FileId])> {
        self.of.last().map(|it| (it.0, &self.looked_at[it.1..]))
    }
}

/// Files by number. Whoever adds one has the names for itself.
#[derive(Default)]
struct Files {
    names: RwLock<Names>,
    data: Shelf<Arc<FileData>>,
    /// Whether the program is about to end; see [`Database::keep_until_exit`].
    ends_soon: AtomicBool,
}

#[derive(Default, Clone)]
struct Names {
    /// Shared by the databases that edits make of one another, until one learns of another file.
    by_path: Arc<FastMap<Arc<str>, FileId>>,
    /// How many files there are, with those that have no path.
    count: u32,
}

/// Which files of the roots have which stem: `curl` for `recipes/curl.kiln`.
#[derive(Default)]
struct Index {
    by_stem: FastMap<Name, Stem>,
    /// The stems, sorted, each with the paths of its files. Most programs never ask for them.
    sorted: OnceLock<BTreeMap<Name, Vec<Arc<str>>>>,
    errors: Vec<(String, WorldError)>,
}

/// The files with a stem, in the order of the roots. Nearly always there is one, which is found
/// without going elsewhere: every dependency is looked up by its name.
struct Stem {
    first: FileId,
    others: Vec<FileId>,
}

impl Stem {
    fn files(&self) -> impl Iterator<Item = FileId> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

struct FileData {
    path: Arc<str>,
    text: OnceLock<Result<Arc<str>, WorldError>>,
    /// Whether the text is one spec, such as `curl[http2]`, and no file.
    is_spec: bool,
    lowered: OnceLock<LoweredAs>,
    env: OnceLock<Arc<Env>>,
    schema: OnceLock<Arc<Schema>>,
    checked: OnceLock<Arc<Checked>>,
    memo: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
    /// The other files that were looked at to derive what is kept here, sorted; but for those that never
    /// change.
    looked_at: Mutex<ThinVec<FileId>>,
}

/// A lowered file, and what it is: every name of a package asks that, and need not go to the module
/// for it.
#[derive(Clone)]
struct LoweredAs {
    kind: Option<ModuleKind>,
    lowered: Arc<Lowered>,
}

/// A lowered file with its positions and what is wrong with its text.
#[derive(Debug)]
pub struct Lowered {
    /// The module.
    pub module: Module,
    /// Where its parts are written.
    pub map: SourceMap,
    /// What the parser complained about.
    pub syntax_errors: ThinVec<SyntaxError>,
    /// What lowering complained about.
    pub lower_errors: ThinVec<LowerError>,
}

/// Modules that every set of recipes has: what packages, platforms, toolchains and facts are.
const BUILTIN: &[(&str, &str)] = &[
    ("builtin:package.kiln", include_str!("builtin/package.kiln")),
    ("builtin:platform.kiln", include_str!("builtin/platform.kiln")),
    ("builtin:toolchain.kiln", include_str!("builtin/toolchain.kiln")),
    ("builtin:facts.kiln", include_str!("builtin/facts.kiln")),
];

impl Database {
    /// The module that declares the fields of every package.
    pub const PACKAGE: FileId = FileId(0);
    /// The module that declares `platform`.
    pub const PLATFORM: FileId = FileId(1);
    /// The module that declares `toolchain`.
    pub const TOOLCHAIN: FileId = FileId(2);
    /// The module that declares the facts that `kiln facts` finds out.
    pub const FACTS: FileId = FileId(3);

    /// Whether a file is one of the modules that every set of recipes has.
    #[must_use]
    pub fn is_builtin(file: FileId) -> bool {
        (file.0 as usize) < BUILTIN.len()
    }

    /// Makes a database of the recipes and modules below `roots`; where two have one name, that of
    /// the earlier root is taken.
    #[must_use]
    pub fn new(world: Arc<dyn World>, roots: Vec<String>) -> Self {
        let files = Files::default();
        for (path, text) in BUILTIN {
            files.add(&mut files.names_mut(), path, Some(Ok(Arc::from(*text))));
        }
        Database { world, roots, index: Arc::default(), files }
    }

    /// Returns a database in which the file at `path` has another text, or its own again if `text`
    /// is `None`. What does not depend on the file is shared.
    #[must_use]
    pub fn with_file(&self, path: &str, text: Option<&str>) -> Database {
        // Both databases must know the files of the roots by the same ids.
        self.index();
        let edited = self.file(path);
        let mut files = self.files.clone();
        // What the language itself declares is the same for everybody.
        if Database::is_builtin(edited) {
            return Database { files, ..self.share() };
        }
        let text = match text {
            Some(text) => Ok(Arc::from(text)),
            None => self.read(path),
        };
        let before = files.data[edited.index()].clone();
        if before.text.get() == Some(&text) {
            return Database { files, ..self.share() };
        }
        let data = Arc::new(FileData::new(before.path.clone(), Some(text)));
        files.data.replace(edited.index(), data);
        let looking = files.that_look_at(edited);
        let mut db = Database { files, ..self.share() };
        if looking.is_empty() {
            return db;
        }
        let looks_the_same = before
            .lowered
            .get()
            .is_some_and(|before| reuse::looks_the_same(&before.lowered, &db.lowered(edited)));
        // Where others keep what they derived from a file as it was, what that was derived from counts
        // on: they may not have looked at it themselves.
        let keep_looked_at = |data: &FileData, before: &FileData| {
            if looks_the_same {
                data.add_looked_at(&before.looked_at());
            }
        };
        keep_looked_at(&db.files.data[edited.index()], &before);
        for stale in looking {
            let before = &db.files.data[stale.index()];
            let data = Arc::new(if looks_the_same && !before.points_into(edited) {
                before.without_memo()
            } else {
                before.without_what_others_say()
            });
            keep_looked_at(&data, before);
            db.files.data.replace(stale.index(), data);
        }
        db
    }

    /// Returns a database that lists its roots anew, because files have come or gone. The texts of
    /// the files that it knows are kept, but what could not be read is read again.
    #[must_use]
    pub fn relisted(&self) -> Database {
        let mut files = self.files.clone();
        let count = files.names().count as usize;
        for at in 0..count {
            let data = &files.data[at];
            let is_unread = data.text.get().is_some_and(Result::is_err);
            let data = if is_unread && !data.is_spec {
                FileData::new(data.path.clone(), None)
            } else {
                data.without_what_others_say()
            };
            files.data.replace(at, Arc::new(data));
        }
        Database { files, index: Arc::default(), ..self.share() }
    }

    /// Returns how many files are checked now: by how many it grows tells what an edit cost.
    #[must_use]
    pub fn checked_count(&self) -> usize {
        self.files.data.iter().filter(|it| it.checked.get().is_some()).count()
    }

    /// Returns a database with the same files, and all that is known of them, that does not grow
    /// when files are added to this one.
    #[must_use]
    pub fn apart(&self) -> Database {
        // Both must know the files of the roots by the same ids.
        self.index();
        Database { files: self.files.clone(), ..self.share() }
    }

    fn share(&self) -> Database {
        Database {
            world: self.world.clone(),
            roots: self.roots.clone(),
            index: self.index.clone(),
            files: Files::default(),
        }
    }

    /// Never gives back the memory of what is derived, nor what is [left](Self::leave) from now on:
    /// for a program that is about to end, which has better things to do.
    pub fn keep_until_exit(&self) {
        self.files.ends_soon.store(true, Ordering::Relaxed);
    }

    /// Drops what is not needed any more, unless the program is about to end: to take apart what was
    /// made of thousands of packages takes longer than to leave it.
    pub fn leave<T>(&self, value: T) {
        if self.files.ends_soon.load(Ordering::Relaxed) {
            std::mem::forget(value);
        }
    }

    /// Returns the world that files come from.
    #[must_use]
    pub fn world(&self) -> &dyn World {
        &*self.world
    }

    /// Returns the roots.
    #[must_use]
    pub fn roots(&self) -> &[String] {
        &self.roots
    }

    //------ files

    fn data(&self, file: FileId) -> &FileData {
        DERIVING.with_borrow_mut(|it| {
            // What the language itself declares is always the same, and depends on no file.
            if let Some((of, looked_at)) = it.last()
                && of != file
                && !Database::is_builtin(file)
                && looked_at.last() != Some(&file)
            {
                it.looked_at.push(file);
            }
        });
        &self.files.data[file.index()]
    }

    /// Derives something from a file, and notes which files are looked at for it.
    fn derive<T>(&self, file: FileId, derive: impl FnOnce() -> T) -> T {
        DERIVING.with_borrow_mut(|it| it.of.push((file, it.looked_at.len())));
        let derived = derive();
        DERIVING.with_borrow_mut(|it| {
            if let Some((_, looked_at)) = it.last() {
                self.files.data[file.index()].add_looked_at(looked_at);
            }
            if let Some((_, begin)) = it.of.pop() {
                it.looked_at.truncate(begin);
            }
        });
        derived
    }

    fn text_of(&self, data: &FileData) -> Result<Arc<str>, WorldError> {
        data.text.get_or_init(|| self.read(&data.path)).clone()
    }

    fn read(&self, path: &str) -> Result<Arc<str>, WorldError> {
        let bytes = self.world.read(path)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Arc::from(text)),
            Err(error) => Err(WorldError::Unreadable {
                reason: format!("it is not UTF-8 text: byte {} is wrong", error.valid_up_to()),
            }),
        }
    }

    /// Returns the id of the file at `path`. It is read when its text is first asked for.
    pub fn file(&self, path: &str) -> FileId {
        if let Some(id) = self.files.names().by_path.get(path) {
            return *id;
        }
        self.files.file(&mut self.files.names_mut(), path)
    }

    /// Adds a text that is no file, such as what a command line says, under a name for messages.
    pub fn add_text(&self, name: &str, text: &str) -> FileId {
        self.files.add(&mut self.files.names_mut(), name, Some(Ok(Arc::from(text))))
    }

    /// Adds a spec, such as `curl[http2, ~ldap]`, as a project that wants just it. Messages call it
    /// by `name`.
    pub fn add_spec(&self, name: &str, text: &str) -> FileId {
        let data =
            FileData { is_spec: true, ..FileData::new(name.into(), Some(Ok(Arc::from(text)))) };
        self.files.push(&mut self.files.names_mut().count, data)
    }

    /// Returns the path of a file.
    #[must_use]
    pub fn path(&self, file: FileId) -> Arc<str> {
        self.data(file).path.clone()
    }

    /// Returns the text of a file; empty if it cannot be read.
    #[must_use]
    pub fn text(&self, file: FileId) -> Arc<str> {
        self.text_of(self.data(file)).unwrap_or_else(|_| Arc::from(""))
    }

    /// Returns the text of a file that was read from the disk, or is a change of one; nothing if
    /// nobody has asked for it yet.
    #[must_use]
    pub fn text_on_disk(&self, path: &str) -> Option<Arc<str>> {
        let file = *self.files.names().by_path.get(path)?;
        if !path.starts_with('/') {
            return None;
        }
        self.files.data[file.index()].text.get()?.as_ref().ok().cloned()
    }

    /// Whether somebody has asked for the text of a file on the disk, and it could not be read.
    #[must_use]
    pub fn is_unread(&self, path: &str) -> bool {
        let Some(file) = self.files.names().by_path.get(path).copied() else { return false };
        self.files.data[file.index()].text.get().is_some_and(Result::is_err)
    }

    /// Returns the paths of the files on the disk whose texts are known, in no order.
    #[must_use]
    pub fn paths_on_disk(&self) -> Vec<Arc<str>> {
        let count = self.files.names().count as usize;
        let paths = (0..count).map(|it| self.files.data[it].path.clone());
        paths.filter(|it| self.text_on_disk(it).is_some()).collect()
    }

    /// Returns why a file cannot be read, if it cannot.
    #[must_use]
    pub fn read_error(&self, file: FileId) -> Option<WorldError> {
        self.text_of(self.data(file)).err()
    }

    //------ names of files

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for root in &self.roots {
                match self.world.list(root) {
                    Ok(paths) => {
                        index.by_stem.reserve(paths.len());
                        let mut names = self.files.names_mut();
                        Arc::make_mut(&mut names.by_path).reserve(paths.len());
                        let separator = if root.ends_with([':', '/']) { "" } else { "/" };
                        let root = format!("{root}{separator}");
                        let mut whole = root.clone();
                        for path in paths {
                            let stem = path.rsplit('/').next().unwrap_or(&path);
                            let stem = stem.strip_suffix(".kiln").unwrap_or(stem);
                            whole.truncate(root.len());
                            whole.push_str(&path);
                            let file = self.files.file(&mut names, &whole);
                            match index.by_stem.entry(Name::from(stem)) {
                                Entry::Occupied(known) => known.into_mut().others.push(file),
                                Entry::Vacant(new) => {
                                    new.insert(Stem { first: file, others: Vec::new() });
                                }
                            }
                        }
                    }
                    Err(error) => index.errors.push((root.clone(), error)),
                }
            }
            index
        })
    }

    /// Returns the roots that cannot be listed, with the reasons.
    #[must_use]
    pub fn root_errors(&self) -> &[(String, WorldError)] {
        &self.index().errors
    }

    /// Returns the file of the given kinds with this name: `recipe curl` is in `curl.kiln`.
    #[must_use]
    pub fn find(&self, name: &str, kinds: &[ModuleKind]) -> Option<FileId> {
        self.index()
            .by_stem
            .get(name)?
            .files()
            .find(|&file| self.lowered_of(file).kind.is_some_and(|it| kinds.contains(&it)))
    }

    /// Returns the recipe, or the interface, with this name.
    #[must_use]
    pub fn package(&self, name: &str) -> Option<FileId> {
        self.find(name, &[ModuleKind::Recipe, ModuleKind::Interface])
    }

    /// Returns the module with this name.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<FileId> {
        let builtin = BUILTIN.iter().position(|it| it.0 == format!("builtin:{name}.kiln"));
        builtin.map(|it| FileId(it as u32)).or_else(|| self.find(name, &[ModuleKind::Module]))
    }

    /// Returns the names of all files in the roots, sorted, whatever they are.
    pub fn stems(&self) -> impl Iterator<Item = &str> {
        self.sorted().keys().map(Name::as_str)
    }

    /// Returns the paths of all files in the roots, sorted by name.
    pub fn root_paths(&self) -> impl Iterator<Item = &str> {
        self.sorted().values().flatten().map(|it| &**it)
    }

    fn sorted(&self) -> &BTreeMap<Name, Vec<Arc<str>>> {
        let index = self.index();
        let path = |file: FileId| self.files.data[file.index()].path.clone();
        index.sorted.get_or_init(|| {
            let stems = index.by_stem.iter();
            stems.map(|(stem, it)| (stem.clone(), it.files().map(path).collect())).collect()
        })
    }

    //------ what is derived

    /// Parses a file anew: its tree is not kept.
    #[must_use]
    pub fn parse(&self, file: FileId) -> Parse {
        parse_shared(&self.text(file))
    }

    /// Returns the lowered file.
    #[must_use]
    pub fn lowered(&self, file: FileId) -> Arc<Lowered> {
        self.lowered_of(file).lowered.clone()
    }

    fn lowered_of(&self, file: FileId) -> &LoweredAs {
        let data = self.data(file);
        data.lowered.get_or_init(|| {
            let text = self.text_of(data).unwrap_or_else(|_| Arc::from(""));
            let parse = if data.is_spec { parse_spec(&text) } else { parse_meaning(&text) };
            let (module, map, lower_errors) = lower(&parse);
            let kind = module.kind;
            let (syntax_errors, lower_errors) = (parse.errors().into(), lower_errors.into());
            let lowered = Lowered { module, map, syntax_errors, lower_errors };
            LoweredAs { kind, lowered: Arc::new(lowered) }
        })
    }

    /// Returns the types and functions of a file, and what it uses.
    #[must_use]
    pub fn env(&self, file: FileId) -> Arc<Env> {
        self.env_within(file, &[])
    }

    /// As [`env`](Database::env), on the way to `outer`, which must not be asked again.
    pub(crate) fn env_within(&self, file: FileId, outer: &[FileId]) -> Arc<Env> {
        let data = self.data(file);
        if let Some(env) = data.env.get() {
            return env.clone();
        }
        // Two threads may both do the work; computing inside the lock could deadlock on a ring.
        let env = self.derive(file, || Arc::new(env::compute(self, file, outer)));
        data.env.get_or_init(|| env).clone()
    }

    /// Returns what a file offers: of a recipe, its options; of a module, those of its mixins.
    #[must_use]
    pub fn schema(&self, file: FileId) -> Arc<Schema> {
        self.schema_within(file, &[])
    }

    /// As [`schema`](Database::schema), on the way to `outer`, which must not be asked again.
    pub(crate) fn schema_within(&self, file: FileId, outer: &[FileId]) -> Arc<Schema> {
        let data = self.data(file);
        if let Some(schema) = data.schema.get() {
            return schema.clone();
        }
        let schema = self.derive(file, || Arc::new(schema::compute(self, file, outer)));
        data.schema.get_or_init(|| schema).clone()
    }

    /// Returns a file with every name resolved and every expression typed, and what is wrong.
    #[must_use]
    pub fn checked(&self, file: FileId) -> Arc<Checked> {
        let data = self.data(file);
        if let Some(checked) = data.checked.get() {
            return checked.clone();
        }
        let checked =
            crate::with_stack(|| self.derive(file, || Arc::new(check::compute(self, file))));
        data.checked.get_or_init(|| checked).clone()
    }

    /// Returns what `derive` makes of a file, from an earlier call if there was one: it is kept as
    /// long as no file changes that was looked at on the way. There is one such thing for each
    /// file, of one type in the whole program.
    pub fn memo<T: Send + Sync + 'static>(
        &self,
        file: FileId,
        derive: impl FnOnce() -> T,
    ) -> Arc<T> {
        let data = self.data(file);
        let kept = || data.memo.lock().unwrap_or_else(PoisonError::into_inner);
        let memo = kept().clone();
        if let Some(memo) = memo.and_then(|it| it.downcast().ok()) {
            return memo;
        }
        // Nobody else waits meanwhile: two threads may both do the work.
        let made = self.derive(file, || Arc::new(derive()));
        let first = kept().get_or_insert_with(|| made.clone()).clone();
        first.downcast().unwrap_or(made)
    }

    /// Gives back what [`memo`](Database::memo) keeps, here and in the databases that share files
    /// with this one, if that is more than `kept_max` things.
    pub fn forget_memos(&self, kept_max: usize) {
        let files = || self.files.data.iter();
        let memo = |it: &Arc<FileData>| {
            let mut memo = it.memo.lock().unwrap_or_else(PoisonError::into_inner);
            memo.take()
        };
        let is_kept =
            |it: &&Arc<FileData>| it.memo.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if files().filter(is_kept).count() > kept_max {
            files().map(memo).for_each(drop);
        }
    }

    /// Returns everything that is wrong with a file, by place.
    #[must_use]
    pub fn diagnostics(&self, file: FileId) -> Vec<Diagnostic> {
        self.checked(file).diagnostics.to_vec()
    }

    //------ places

    /// Returns the range of a place.
    #[must_use]
    pub fn span(&self, file: FileId, span: SpanId) -> TextRange {
        self.lowered(file).map.span(span)
    }

    /// Returns the range of an expression.
    #[must_use]
    pub fn expr_range(&self, file: FileId, expr: ExprId) -> TextRange {
        self.lowered(file).map.expr(expr)
    }
}

impl Files {
    fn names(&self) -> RwLockReadGuard<'_, Names> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn names_mut(&self) -> RwLockWriteGuard<'_, Names> {
        self.names.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(
        &self,
        names: &mut Names,
        path: &str,
        text: Option<Result<Arc<str>, WorldError>>,
    ) -> FileId {
        let path: Arc<str> = path.into();
        let id = self.push(&mut names.count, FileData::new(path.clone(), text));
        Arc::make_mut(&mut names.by_path).insert(path, id);
        id
    }

    /// The file at a path, which may be new.
    fn file(&self, names: &mut Names, path: &str) -> FileId {
        match Arc::make_mut(&mut names.by_path).entry(path.into()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let data = FileData::new(new.key().clone(), None);
                let id = self.push(&mut names.count, data);
                new.insert(id);
                id
            }
        }
    }

    /// Adds a file that has no path.
    fn push(&self, count: &mut u32, data: FileData) -> FileId {
        let id = FileId(*count);
        *count += 1;
        self.data.put(id.index(), Arc::new(data));
        id
    }

    /// The other files from which something was derived with a look at `file`, or with a look at
    /// one of these.
    fn that_look_at(&self, file: FileId) -> BTreeSet<FileId> {
        let mut found = BTreeSet::new();
        let count = self.names().count as usize;
        // Whether a file looks at one of the last that were found is asked for each file, round by
        // round: there are few rounds, and an edit of one recipe among thousands is over after one.
        let mut last = vec![false; count];
        let mut is_last = true;
        last[file.index()] = true;
        while std::mem::take(&mut is_last) {
            let mut next = vec![false; count];
            for (index, data) in self.data.iter().enumerate() {
                let id = FileId(index as u32);
                if id == file || found.contains(&id) {
                    continue;
                }
                if data.looked_at().iter().any(|it| last.get(it.index()) == Some(&true)) {
                    next[index] = true;
                    is_last = true;
                }
            }
            let new = next.iter().enumerate().filter(|it| *it.1);
            found.extend(new.map(|it| FileId(it.0 as u32)));
            last = next;
        }
        found
    }
}

impl Clone for Files {
    fn clone(&self) -> Self {
        // Nobody adds a file meanwhile.
        let names = self.names();
        let ends_soon = AtomicBool::new(self.ends_soon.load(Ordering::Relaxed));
        Files { names: RwLock::new(names.clone()), data: self.data.clone(), ends_soon }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if *self.ends_soon.get_mut() {
            std::mem::forget(std::mem::take(&mut self.data));
        }
    }
}

impl FileData {
    fn new(path: Arc<str>, text: Option<Result<Arc<str>, WorldError>>) -> Self {
        FileData {
            path,
            text: text.map_or_else(OnceLock::new, OnceLock::from),
            is_spec: false,
            lowered: OnceLock::new(),
            env: OnceLock::new(),
            schema: OnceLock::new(),
            checked: OnceLock::new(),
            memo: Mutex::default(),
            looked_at: Mutex::default(),
        }
    }

    /// The other files that were looked at.
    fn looked_at(&self) -> MutexGuard<'_, ThinVec<FileId>> {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the files that were looked at for one more thing.
    fn add_looked_at(&self, files: &[FileId]) {
        if files.is_empty() {
            return;
        }
        let mut all = self.looked_at();
        if files.iter().any(|it| all.binary_search(it).is_err()) {
            all.extend_from_slice(files);
            all.sort_unstable();
            all.dedup();
        }
    }

    /// The same file with everything but what evaluation keeps with it.
    fn without_memo(&self) -> FileData {
        FileData {
            text: self.text.clone(),
            is_spec: self.is_spec,
            lowered: self.lowered.clone(),
            env: self.env.clone(),
            schema: self.schema.clone(),
            checked: self.checked.clone(),
            memo: Mutex::default(),
            looked_at: Mutex::new(self.looked_at().clone()),
            path: self.path.clone(),
        }
    }

    /// Whether something that was found wrong with the file so far has a place in another one.
    fn points_into(&self, other: FileId) -> bool {
        let env = self.env.get().into_iter().flat_map(|it| &it.diagnostics);
        let schema = self.schema.get().into_iter().flat_map(|it| &it.diagnostics);
        let checked = self.checked.get().into_iter().flat_map(|it| &it.diagnostics);
        reuse::points_into(env.chain(schema).chain(checked), other)
    }

    /// The same file with what follows from its own text alone.
    fn without_what_others_say(&self) -> FileData {
        FileData {
            text: self.text.clone(),
            is_spec: self.is_spec,
            lowered: self.lowered.clone(),
            ..FileData::new(self.path.clone(), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryWorld;
    use expect_test::{Expect, expect};

    const FILES: &[(&str, &str)] = &[
        ("/r/a.kiln", "recipe a\nversion = 1\ninclude m\nhost b\n"),
        ("/r/b.kiln", "recipe b\nversion = 1\nhost c[x]\n"),
        ("/r/c.kiln", "recipe c\nversion = 1\nfeature x = on\n"),
        ("/r/m.kiln", "module m\nuse n\nmixin m { include n }\n"),
        ("/r/n.kiln", "module n\nmixin n { field f: String = \"\" }\n"),
    ];

    /// Edits a file, and shows which files have to be checked anew.
    fn check(path: &str, text: &str, expected: Expect) {
        let mut world = MemoryWorld::new();
        for (path, text) in FILES {
            world.insert(*path, text);
        }
        let db = Database::new(Arc::new(world), vec!["/r".to_owned()]);
        for (path, _) in FILES {
            let _ = db.checked(db.file(path));
        }
        let edited = db.with_file(path, Some(text));
        let stale: Vec<&str> = FILES
            .iter()
            .map(|it| it.0)
            .filter(|it| edited.data(edited.file(it)).checked.get().is_none())
            .collect();
        expected.assert_eq(&stale.join(" "));
        // What is derived anew is what a fresh database has.
        let mut world = MemoryWorld::new();
        for (path, text) in FILES {
            world.insert(*path, text);
        }
        world.insert(path, text);
        let fresh = Database::new(Arc::new(world), vec!["/r".to_owned()]);
        for (path, _) in FILES {
            assert_eq!(
                edited.checked(edited.file(path)).diagnostics,
                fresh.checked(fresh.file(path)).diagnostics,
                "{path}"
            );
        }
    }

    #[test]
    fn an_edit_reaches_those_who_looked_at_the_file() {
        check("/r/a.kiln", "recipe a\nversion = 2\n", expect!["/r/a.kiln"]);
        check("/r/n.kiln", "module n\nmixin n { }\n", expect!["/r/a.kiln /r/m.kiln /r/n.kiln"]);
        check("/r/c.kiln", "recipe c\nversion = 1\n", expect!["/r/a.kiln /r/b.kiln /r/c.kiln"]);
    }

    #[test]
    fn typing_in_shell_text_and_comments_reaches_nobody() {
        let mut world = MemoryWorld::new();
        let module =
            "module m\nmixin m { field flags: List<String> = []; step build = sh\"make\" }\n";
        world.insert("/r/m.kiln", module);
        world.insert("/r/a.kiln", "recipe a\nversion = 1\nsteps m\n");
        // This one has a mistake whose message shows a place in the module.
        world.insert("/r/b.kiln", "recipe b\nversion = 1\nsteps m\nflags = 3\n");
        let db = Database::new(Arc::new(world), vec!["/r".to_owned()]);
        let checked = |db: &Database| -> Vec<String> {
            let files = ["/r/m.kiln", "/r/a.kiln", "/r/b.kiln"];
            let is = |it: &&str| db.data(db.file(it)).checked.get().is_some();
            files.iter().filter(|it| is(it)).map(|it| (*it).to_owned()).collect()
        };
        for path in ["/r/m.kiln", "/r/a.kiln", "/r/b.kiln"] {
            let _ = db.checked(db.file(path));
        }
        let typed = db.with_file("/r/m.kiln", Some(&module.replace("make", "make -j2 all")));
        assert_eq!(checked(&typed), ["/r/a.kiln"]);
        let comment = db.with_file("/r/m.kiln", Some(&module.replace("mixin", "// c\n\nmixin")));
        assert_eq!(checked(&comment), ["/r/a.kiln"]);
        let read = db.with_file("/r/m.kiln", Some(&module.replace("make", "make \\(out)")));
        assert_eq!(checked(&read), [""; 0]);
    }

    /// Writes a comment into a file and then takes something out of the module `m`; shows what an
    /// override of the recipe `a` says to that. Nobody looks at anything between the two edits.
    fn check_second_edit(recipe: &str, commented: &str, expected: Expect) {
        let module = "module m\nmixin m { field flags: List<String> = [] }\n";
        let texts = [
            ("/r/a.kiln", recipe),
            ("/r/m.kiln", module),
            ("/r/p.kiln", "override a\nflags = [\"a\"]\n"),
        ];
        let mut world = MemoryWorld::new();
        for (path, text) in texts {
            world.insert(path, text);
        }
        let db = Database::new(Arc::new(world), vec!["/r".to_owned()]);
        let says = |db: &Database| -> Vec<String> {
            db.diagnostics(db.file("/r/p.kiln")).into_iter().map(|it| it.message).collect()
        };
        assert_eq!(says(&db), [""; 0]);
        let _ = db.checked(db.file("/r/a.kiln"));
        let comment =
            db.with_file(commented, Some(&format!("{}// c\n", db.text(db.file(commented)))));
        let gone = comment.with_file("/r/m.kiln", Some("module m\nmixin m { }\n"));
        expected.assert_eq(&says(&gone).join("\n"));
    }

    #[test]
    fn an_edit_behind_one_that_looked_the_same_reaches_those_behind() {
        let expected = expect!["`a` has no option `flags`"];
        let recipe = "recipe a\nversion = 1\ninclude m\n";
        check_second_edit(recipe, "/r/a.kiln", expected);
        // The message about the recipe shows a place in the module, so it is made anew.
        let expected = expect!["`a` has no option `flags`"];
        check_second_edit(&format!("{recipe}flags = 3\n"), "/r/m.kiln", expected);
    }

    #[test]
    fn a_text_that_is_the_same_changes_nothing() {
        check("/r/n.kiln", FILES[4].1, expect![""]);
    }
}
