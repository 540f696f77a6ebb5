//! Licenses by the words of their texts.

use super::draft::Draft;
use super::tree::Tree;

/// SPDX identifiers, and what stands in the text of each: all of these phrases. The one that begins
/// first in the text counts, and of two at one place the first of these.
const KNOWN: &[(&str, &[&str])] = &[
    ("AGPL-3.0-or-later", &["GNU AFFERO GENERAL PUBLIC LICENSE", "Version 3"]),
    ("LGPL-2.1-or-later", &["GNU LESSER GENERAL PUBLIC LICENSE", "Version 2.1"]),
    ("LGPL-3.0-or-later", &["GNU LESSER GENERAL PUBLIC LICENSE", "Version 3"]),
    ("GPL-2.0-or-later", &["GNU GENERAL PUBLIC LICENSE", "Version 2"]),
    ("GPL-3.0-or-later", &["GNU GENERAL PUBLIC LICENSE", "Version 3"]),
    ("Apache-2.0", &["Apache License", "Version 2.0"]),
    ("MPL-2.0", &["Mozilla Public License", "2.0"]),
    ("BSL-1.0", &["Boost Software License - Version 1.0"]),
    ("Unlicense", &["free and unencumbered software released into the public domain"]),
    ("CC0-1.0", &["CC0 1.0 Universal"]),
    ("MIT", &["Permission is hereby granted, free of charge, to any person obtaining a copy"]),
    ("ISC", &["Permission to use, copy, modify, and"]),
    ("BSD-3-Clause", &["Redistribution and use in source and binary forms", "endorse or promote"]),
    ("BSD-2-Clause", &["Redistribution and use in source and binary forms"]),
    ("libpng-2.0", &["PNG Reference Library License version 2"]),
    ("Zlib", &["This software is provided 'as-is'"]),
];

/// Finds the license in the files that usually have it.
pub(super) fn read(tree: &Tree, draft: &mut Draft) {
    let is_license = |name: &String| {
        let name = name.to_lowercase();
        ["license", "licence", "copying", "unlicense"].iter().any(|it| name.starts_with(it))
    };
    for name in tree.top().iter().filter(|it| is_license(it)) {
        let Some(text) = tree.text(name) else { continue };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fitting = KNOWN.iter().filter(|it| it.1.iter().all(|phrase| text.contains(phrase)));
        let found = fitting.min_by_key(|it| it.1.iter().filter_map(|it| text.find(it)).min());
        if let Some((id, _)) = found {
            draft.license = Some((*id).to_owned());
            if id.ends_with("-or-later") {
                draft.note(&format!(
                    "{name} does not say whether later versions of the license count: if not, the \
                     license ends in `-only`."
                ));
            }
            return;
        }
    }
    draft.note("No license was recognised: write `license = \"…\"`, as an SPDX expression.");
}
