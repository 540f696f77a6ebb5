//! The encodings of objects and folders, as specified in `spec/store/object.md`.
//!
//! ```text
//! object     version, name, refs, root item                     hashed: the object's id
//! tree       version, list of (name, item)                      hashed: the folder's id
//! item       1 executable size template sites | 2 target sites | 3 tree id
//! sites      count, then for each: varint gap, varint target
//! manifest   object, then each distinct tree once, in the order in which a walk meets them
//! ```
//!
//! A manifest is everything about an object but the bytes of its files. It is what records and
//! caches hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::digest::{BlobId, ObjectId, TreeId};
use crate::encoding::{DecodeError, Decoder, Encoder};
use crate::name::StoreName;
use crate::object::{
    DEPTH_MAX, Entry, EntryName, File, Item, Link, Object, ObjectError, Site, Sites, Tree,
};
use crate::path::DIGEST_LEN;

impl Object {
    /// Returns the encoding of the object alone, in which folders are named by their ids.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::versioned();
        encoder.text(self.name.as_str());
        encoder.len(self.refs.len());
        for id in &self.refs {
            encoder.fixed(&id.0);
        }
        encode_item(&mut encoder, &self.root);
        encoder.finish()
    }

    /// Returns the encoding of the object with all its folders.
    #[must_use]
    pub fn encode_manifest(&self) -> Vec<u8> {
        let mut encoder = Encoder::part();
        encoder.bytes(&self.encode());
        let mut trees = Vec::new();
        list_trees(&self.root, &mut BTreeSet::new(), &mut trees);
        encoder.len(trees.len());
        for tree in trees {
            encoder.bytes(&encode_tree(tree.entries()));
        }
        encoder.finish()
    }

    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`]: whatever [`encode_manifest`](Object::encode_manifest) does not make.
    pub fn decode_manifest(bytes: &[u8]) -> Result<Object, DecodeError> {
        let mut decoder = Decoder::part(bytes);
        let object = decoder.bytes()?;
        let trees = decoder.list(Decoder::bytes)?;
        decoder.finish()?;
        let by_id: BTreeMap<TreeId, &[u8]> =
            trees.iter().map(|it| (TreeId::of_encoding(it), *it)).collect();
        let mut reader = TreeReader { by_id, done: BTreeMap::new(), order: Vec::new() };
        let mut decoder = Decoder::versioned(object)?;
        let name = decoder.name(StoreName::new)?;
        let refs = decoder.list(|it| Ok(ObjectId(it.digest()?)))?;
        let root = decode_item(&mut decoder, &mut |id| reader.read(id, 1))?;
        decoder.finish()?;
        // A tree that is never used, used before its place, or there twice is refused here.
        if reader.order != trees {
            return Err(DecodeError::NotCanonical {
                what: "list of folders",
                at: 4 + object.len(),
                reason: "each folder is listed once, in the order in which a walk meets them",
            });
        }
        Ok(Object::new(name, refs, root)?)
    }
}

/// Returns the encoding of a folder.
pub(super) fn encode_tree(entries: &[Entry]) -> Vec<u8> {
    let mut encoder = Encoder::versioned();
    encoder.len(entries.len());
    for entry in entries {
        encoder.bytes(entry.name.as_bytes());
        encode_item(&mut encoder, &entry.item);
    }
    encoder.finish()
}

fn list_trees<'a>(item: &'a Item, seen: &mut BTreeSet<TreeId>, trees: &mut Vec<&'a Tree>) {
    if let Item::Folder(tree) = item
        && seen.insert(tree.id())
    {
        trees.push(tree);
        for entry in tree.entries() {
            list_trees(&entry.item, seen, trees);
        }
    }
}

fn encode_item(encoder: &mut Encoder, item: &Item) {
    match item {
        Item::File(File { template, bytes, executable, sites }) => {
            encoder.u8(1);
            encoder.bool(*executable);
            encoder.u64(*bytes);
            encoder.fixed(&template.0);
            encode_sites(encoder, sites);
        }
        Item::Link(Link { template, sites }) => {
            encoder.u8(2);
            encoder.bytes(template);
            encode_sites(encoder, sites);
        }
        Item::Folder(tree) => {
            encoder.u8(3);
            encoder.fixed(&tree.id().0);
        }
    }
}

fn decode_item(
    decoder: &mut Decoder<'_>,
    tree: &mut dyn FnMut(TreeId) -> Result<Arc<Tree>, DecodeError>,
) -> Result<Item, DecodeError> {
    let at = decoder.at();
    match decoder.u8()? {
        1 => {
            let executable = decoder.bool("mark of an executable")?;
            let bytes = decoder.u64()?;
            let template = BlobId(decoder.digest()?);
            let sites = decode_sites(decoder)?;
            sites.check(bytes)?;
            Ok(Item::File(File { template, bytes, executable, sites }))
        }
        2 => {
            let target = decoder.bytes()?;
            let sites = decode_sites(decoder)?;
            Ok(Item::Link(Link::new(target, sites)?))
        }
        3 => Ok(Item::Folder(tree(TreeId(decoder.digest()?))?)),
        found => Err(DecodeError::BadTag { what: "kind of entry", found, at }),
    }
}

fn encode_sites(encoder: &mut Encoder, sites: &Sites) {
    encoder.len(sites.as_slice().len());
    let mut end = 0;
    for site in sites.as_slice() {
        encoder.varint(site.at - end);
        encoder.varint(u64::from(site.target));
        end = site.at + DIGEST_LEN as u64;
    }
}

fn decode_sites(decoder: &mut Decoder<'_>) -> Result<Sites, DecodeError> {
    let mut end = 0_u64;
    let sites = decoder.list(|it| {
        let at = it.at();
        let overflow = DecodeError::BadNumber { at };
        let site_at = end.checked_add(it.varint()?).ok_or(overflow.clone())?;
        end = site_at.checked_add(DIGEST_LEN as u64).ok_or(overflow.clone())?;
        let target = u32::try_from(it.varint()?).map_err(|_| overflow)?;
        Ok(Site { at: site_at, target })
    })?;
    Ok(Sites::new(sites)?)
}

/// Reads the folders of a manifest, each once.
struct TreeReader<'a> {
    by_id: BTreeMap<TreeId, &'a [u8]>,
    done: BTreeMap<TreeId, Arc<Tree>>,
    /// The encodings in the order in which they were first used.
    order: Vec<&'a [u8]>,
}

impl TreeReader<'_> {
    /// Reads a folder at this depth. The depth bounds the recursion; a folder cannot contain
    /// itself, as its id would have to be known before it is computed.
    fn read(&mut self, id: TreeId, depth: usize) -> Result<Arc<Tree>, DecodeError> {
        if let Some(tree) = self.done.get(&id) {
            return Ok(Arc::clone(tree));
        }
        if depth > DEPTH_MAX {
            return Err(ObjectError::TooDeep { depth }.into());
        }
        let bytes = *self.by_id.get(&id).ok_or(DecodeError::MissingTree { id })?;
        self.order.push(bytes);
        let mut decoder = Decoder::versioned(bytes)?;
        let entries = decoder.list(|it| {
            let name = EntryName::new(it.bytes()?)?;
            Ok(Entry { name, item: decode_item(it, &mut |id| self.read(id, depth + 1))? })
        })?;
        decoder.finish()?;
        let tree = Arc::new(Tree::new(entries)?);
        self.done.insert(id, Arc::clone(&tree));
        Ok(tree)
    }
}
