// SPDX-License-Identifier: GPL-3.0-or-later
//! `--progress-fd N`: JSON lines as recorded from the real one (progress-v0): a pull in bytes, then
//! importing and staging in steps. The descriptor must be a pipe above 2.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileTypeExt;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Bytes an image of the lab claims to have; every pull reports them in ten parts.
const BYTES: u64 = 100 << 20;

#[derive(Debug)]
pub struct Progress {
    pipe: Option<File>,
    id: String,
}

impl Progress {
    pub fn open(fd: Option<u32>) -> Result<Self> {
        let Some(fd) = fd else {
            return Ok(Self { pipe: None, id: String::new() });
        };
        if fd < 3 {
            bail!("Cannot use fd {fd} for progress JSON");
        }
        let path = format!("/proc/self/fd/{fd}");
        let kind = std::fs::metadata(&path).with_context(|| format!("fd {fd}"))?.file_type();
        if !kind.is_fifo() {
            bail!("not a pipe");
        }
        let mut progress = Self { pipe: Some(OpenOptions::new().write(true).open(path)?), id: String::new() };
        progress.line(&json!({"type": "Start", "version": "0.1.0"}))?;
        Ok(progress)
    }

    pub fn pulled(&mut self, digest: &str) -> Result<()> {
        digest.clone_into(&mut self.id);
        let layer = digest.trim_start_matches("sha256:").get(..21).unwrap_or(digest).to_owned();
        for part in 1..=10 {
            let bytes = BYTES / 10 * part;
            self.line(&json!({
                "type": "ProgressBytes", "task": "pulling",
                "description": format!("Pulling Image: {digest}"), "id": digest,
                "bytesCached": 0, "bytes": bytes, "bytesTotal": BYTES,
                "stepsCached": 0, "steps": part / 10, "stepsTotal": 1,
                "subtasks": [{
                    "subtask": "layer", "description": format!("layer: {layer}"), "id": layer,
                    "bytesCached": 0, "bytes": bytes, "bytesTotal": BYTES,
                }],
            }))?;
        }
        for step in 0..=1 {
            self.steps("importing", "Importing Image", step, 1, &json!([]))?;
        }
        Ok(())
    }

    /// Steps of the staging task, of which there are three; `done` of them are behind.
    pub fn staging(&mut self, done: usize) -> Result<()> {
        const TASKS: [(&str, &str, &str); 4] = [
            ("merging", "Merging Image", "fetching"),
            ("deploying", "Deploying Image", "deploying"),
            ("bound_images", "Pulling Bound Images", "bound_images"),
            ("cleanup", "Removing old images", "cleanup"),
        ];
        let subtasks: Vec<Value> = TASKS
            .iter()
            .take(done + 1)
            .enumerate()
            .map(|(at, (subtask, description, id))| {
                json!({"subtask": subtask, "description": description, "id": id, "completed": at < done})
            })
            .collect();
        self.steps("staging", "Deploying Image", done.min(3), 3, &Value::from(subtasks))
    }

    fn steps(&mut self, task: &str, description: &str, steps: usize, total: usize, subtasks: &Value) -> Result<()> {
        let id = self.id.clone();
        self.line(&json!({
            "type": "ProgressSteps", "task": task, "description": description, "id": id,
            "stepsCached": 0, "steps": steps, "stepsTotal": total, "subtasks": subtasks,
        }))
    }

    fn line(&mut self, value: &Value) -> Result<()> {
        if let Some(pipe) = &mut self.pipe {
            writeln!(pipe, "{value}").context("Writing progress")?;
        }
        Ok(())
    }
}
