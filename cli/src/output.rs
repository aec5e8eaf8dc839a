// SPDX-License-Identifier: GPL-3.0-or-later
//! One JSON document on a stream, for whoever has one to print: the arguments before there is a terminal, and it.
//!
//! Invariant: a document ends with a line break and is written out at once.

use std::io::{self, Write};

use serde_json::Value as Json;

/// Writes one document.
pub(crate) fn document_to(stream: impl Write, document: &Json) -> io::Result<()> {
    // Standard output would write out each line on its own.
    let mut stream = io::BufWriter::new(stream);
    serde_json::to_writer_pretty(&mut stream, document)?;
    stream.write_all(b"\n")?;
    stream.flush()
}
