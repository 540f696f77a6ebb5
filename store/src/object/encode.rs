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
//! archives hold.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{any_object, object};
    use proptest::prelude::*;

    fn folder(entries: Vec<(&str, Item)>) -> Item {
        let entry = |(name, item): (&str, Item)| Entry {
            name: EntryName::new(name.as_bytes()).unwrap(),
            item,
        };
        Item::Folder(Arc::new(Tree::new(entries.into_iter().map(entry).collect()).unwrap()))
    }

    fn file(number: u8, sites: Vec<Site>) -> Item {
        Item::File(File {
            template: BlobId([number; 32]),
            bytes: 1000,
            executable: false,
            sites: Sites::new(sites).unwrap(),
        })
    }

    fn object_of(refs: Vec<ObjectId>, root: Item) -> Result<Object, ObjectError> {
        Object::new(StoreName::new("x").unwrap(), refs, root)
    }

    #[test]
    fn the_place_of_a_reference_is_part_of_the_id() {
        let at = |at| object_of(Vec::new(), file(1, vec![Site { at, target: 0 }])).unwrap().id();
        let none = object_of(Vec::new(), file(1, Vec::new())).unwrap().id();
        assert_ne!(at(0), at(1));
        assert_ne!(at(0), none);
    }

    #[test]
    fn only_the_references_change_when_what_is_referred_to_does() {
        let with = |id| {
            let root = folder(vec![("a", file(1, vec![Site { at: 7, target: 1 }]))]);
            object_of(vec![ObjectId([id; 32])], root).unwrap()
        };
        assert_ne!(with(1).id(), with(2).id());
        assert_eq!(with(1).root, with(2).root);
    }

    #[test]
    fn references_are_numbered_as_they_come() {
        let (a, b) = (ObjectId([1; 32]), ObjectId([2; 32]));
        let site = |at, target| Site { at, target };
        let in_order = file(1, vec![site(0, 1), site(40, 2)]);
        let swapped = file(1, vec![site(0, 2), site(40, 1)]);
        assert!(object_of(vec![a, b], in_order.clone()).is_ok());
        let order = |target| Err(ObjectError::RefOrder { target });
        assert_eq!(object_of(vec![a, b], swapped), order(2));
        assert_eq!(object_of(vec![a], in_order.clone()), order(2));
        assert_eq!(object_of(vec![a, b, ObjectId([3; 32])], in_order.clone()), order(3));
        assert_eq!(object_of(vec![a, a], in_order), Err(ObjectError::RefTwice { id: a }));
    }

    #[test]
    fn a_folder_that_is_there_twice_is_listed_once() {
        let twice = folder(vec![
            ("a", folder(vec![("x", file(1, Vec::new()))])),
            ("b", folder(vec![("x", file(1, Vec::new()))])),
        ]);
        let object = object_of(Vec::new(), twice).unwrap();
        let manifest = object.encode_manifest();
        assert_eq!(Object::decode_manifest(&manifest), Ok(object.clone()));
        let count = 4 + object.encode().len();
        assert_eq!(manifest[count..count + 4], [2, 0, 0, 0]);
        assert_eq!(object.totals().entries, 5);
    }

    #[test]
    fn folders_that_double_again_and_again_are_refused_without_being_walked() {
        let mut item = file(1, Vec::new());
        let mut error = None;
        for _ in 0..64 {
            let entries = ["a", "b"].map(|name| Entry {
                name: EntryName::new(name.as_bytes()).unwrap(),
                item: item.clone(),
            });
            match Tree::new(entries.into()) {
                Ok(tree) => item = Item::Folder(Arc::new(tree)),
                Err(it) => {
                    error = Some(it);
                    break;
                }
            }
        }
        assert!(matches!(error, Some(ObjectError::TooMany { .. })));
    }

    #[test]
    fn folders_that_are_missing_extra_or_out_of_place_are_refused() {
        let object = object();
        let encoding = object.encode();
        let mut trees = Vec::new();
        list_trees(&object.root, &mut BTreeSet::new(), &mut trees);
        let trees: Vec<Vec<u8>> = trees.iter().map(|it| encode_tree(it.entries())).collect();
        let manifest = |trees: &[&Vec<u8>]| {
            let mut encoder = Encoder::part();
            encoder.bytes(&encoding);
            encoder.len(trees.len());
            trees.iter().for_each(|it| encoder.bytes(it));
            Object::decode_manifest(&encoder.finish())
        };
        assert_eq!(manifest(&[&trees[0], &trees[1]]), Ok(object.clone()));
        assert!(matches!(manifest(&[&trees[0]]), Err(DecodeError::MissingTree { .. })));
        for wrong in [
            vec![&trees[1], &trees[0]],
            vec![&trees[0], &trees[1], &trees[1]],
            vec![&trees[0], &trees[0], &trees[1]],
        ] {
            assert!(matches!(manifest(&wrong), Err(DecodeError::NotCanonical { .. })));
        }
    }

    proptest! {
        #[test]
        fn an_object_reads_back_what_it_wrote(object in any_object()) {
            let bytes = object.encode_manifest();
            prop_assert_eq!(Object::decode_manifest(&bytes), Ok(object));
        }

        #[test]
        fn two_objects_never_share_an_id(a in any_object(), b in any_object()) {
            prop_assert_eq!(a == b, a.id() == b.id());
            prop_assert_eq!(a == b, a.encode_manifest() == b.encode_manifest());
        }

        #[test]
        fn changed_bytes_are_refused_or_another_object(
            object in any_object(),
            at: prop::sample::Index,
            bits in 1_u8..,
        ) {
            let mut bytes = object.encode_manifest();
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
            if let Ok(other) = Object::decode_manifest(&bytes) {
                prop_assert_ne!(other.id(), object.id());
                prop_assert_eq!(other.encode_manifest(), bytes);
            }
        }

        #[test]
        fn a_cut_off_object_is_refused(object in any_object(), at: prop::sample::Index) {
            let bytes = object.encode_manifest();
            prop_assert!(Object::decode_manifest(&bytes[..at.index(bytes.len())]).is_err());
        }

        #[test]
        fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(object) = Object::decode_manifest(&bytes) {
                prop_assert_eq!(object.encode_manifest(), bytes);
            }
        }
    }
}
