// SPDX-License-Identifier: GPL-3.0-or-later
//! The formats ostree keeps its state in: GVariant, key files, image references.

use bkt_standins::gvariant;
use bkt_standins::host::{ImageReference, Signature};
use bkt_standins::keyfile::Keyfile;

/// `{'locked': <false>, 'kargs': <['quiet', 'a=1']>}` as GLib serialises it.
const DICT: &[u8] = b"locked\0\0\0\0b\x07\0\0\0\0\
kargs\0\0\0quiet\0a=1\0\x06\x0a\0as\x06\x0c\x28";

#[test]
fn a_key_is_found_in_a_serialised_dictionary() {
    let (kargs, kind) = gvariant::lookup(DICT, "kargs").unwrap();
    assert_eq!(kind, "as");
    assert_eq!(gvariant::strings(kargs).unwrap(), ["quiet", "a=1"]);
    assert!(gvariant::lookup(DICT, "absent").is_none());
}

#[test]
fn a_dictionary_of_texts_is_added_as_glib_would() {
    let texts = [("x-options-source-bkt", "a=1 b=2"), ("x-options-source-tuned", ""), ("x-other", "q")];
    let dict = gvariant::with_texts(DICT, "bootconfig-extra", texts.into_iter()).unwrap();
    assert_eq!(gvariant::lookup(&dict, "locked").unwrap().1, "b");
    let (kargs, _) = gvariant::lookup(&dict, "kargs").unwrap();
    assert_eq!(gvariant::strings(kargs).unwrap(), ["quiet", "a=1"]);
    let (texts, kind) = gvariant::lookup(&dict, "bootconfig-extra").unwrap();
    assert_eq!(kind, "a{ss}");
    // As GLib serialises it.
    let glib = b"x-options-source-bkt\0a=1 b=2\0\x15x-options-source-tuned\0\0\x17x-other\0q\0\x08\x1e7B";
    assert_eq!(texts, glib);
    let long = "v".repeat(300);
    let dict = gvariant::with_texts(DICT, "k", [("a", long.as_str())].into_iter()).unwrap();
    assert_eq!(gvariant::lookup(&dict, "k").unwrap().0.len(), 2 + 301 + 2 + 2);
}

#[test]
fn broken_bytes_are_no_answer() {
    for end in 0..DICT.len() {
        let _ = gvariant::lookup(&DICT[..end], "kargs");
    }
    for at in 0..DICT.len() {
        let mut bytes = DICT.to_vec();
        bytes[at] = 0xff;
        let _ = gvariant::lookup(&bytes, "kargs").and_then(|(kargs, _)| gvariant::strings(kargs));
    }
}

#[test]
fn an_origin_file_keeps_what_it_does_not_know() {
    let text =
        "[origin]\ncontainer-image-reference=ostree-image-signed:docker://quay.io/a/b:c\n[packages]\nrequested=tmux;\n";
    let mut origin = Keyfile::parse(text);
    assert_eq!(origin.render(), text);
    assert!(origin.has_group("packages"));
    origin.set("loader-entries", "bkt", Some("a=1"));
    assert_eq!(Keyfile::parse(&origin.render()).get("loader-entries", "bkt"), Some("a=1"));
}

#[test]
fn image_references_have_three_spellings() {
    let text = "ostree-image-signed:docker://quay.io/a/b:c";
    let image = ImageReference::from_origin(text).unwrap();
    assert_eq!((image.image.as_str(), image.transport.as_str()), ("quay.io/a/b:c", "registry"));
    assert_eq!(image.signature, Some(Signature::ContainerPolicy));
    assert_eq!(image.to_origin(), text);
    assert_eq!(image.lab_ref(), "images/quay.io/a/b/c");
    let image = ImageReference::from_origin("ostree-unverified-image:oci:/run/osimages/os:latest").unwrap();
    assert_eq!((image.image.as_str(), image.transport.as_str()), ("/run/osimages/os:latest", "oci"));
    assert_eq!(image.lab_ref(), "images/run/osimages/os/latest");
}
