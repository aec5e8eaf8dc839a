// SPDX-License-Identifier: GPL-3.0-or-later
//! The jobs on disk: `/var/lib/bkt/jobs/ID/{plan,job.json,events.jsonl}`.
//!
//! Invariant: only root can read or write them; a job's plan is written once, before its record, and both
//! are on the disk before the executor is started.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use bkt_core::describe;
use bkt_core::files;
use bkt_core::plan::Plan;
use bkt_helper_api::EXECUTOR_LOCK;
use jiff::Timestamp;

use crate::auth::Authorized;
use crate::job::{JobId, Record, State};

/// How many ended jobs are kept.
pub const KEPT: usize = 100;

/// Where jobs and requests are kept.
#[derive(Debug, Clone)]
pub struct Store {
    jobs: PathBuf,
    requests: PathBuf,
    lock: PathBuf,
}

impl Store {
    /// The system's: `/var/lib/bkt` and `/run/bkt`.
    #[must_use]
    pub fn of_system() -> Self {
        Self::below(Path::new("/"))
    }

    /// The same below a directory.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        let run = root.join("run/bkt");
        let lock = root.join(EXECUTOR_LOCK.trim_start_matches('/'));
        Self { jobs: root.join("var/lib/bkt/jobs"), requests: run.join("jobs"), lock }
    }

    /// Makes the directories.
    ///
    /// # Errors
    /// They cannot be made.
    pub fn prepare(&self) -> io::Result<()> {
        for directory in [&self.jobs, &self.requests] {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        Ok(())
    }

    /// A job's directory.
    #[must_use]
    pub fn directory(&self, id: &JobId) -> PathBuf {
        self.jobs.join(id.as_str())
    }

    /// A job's events.
    #[must_use]
    pub fn events(&self, id: &JobId) -> PathBuf {
        self.directory(id).join("events.jsonl")
    }

    /// The lock of whoever changes the system.
    #[must_use]
    pub fn lock(&self) -> &Path {
        &self.lock
    }

    /// The file whose presence asks a job to stop.
    #[must_use]
    pub fn stop_request(&self, id: &JobId) -> PathBuf {
        self.requests.join(format!("{id}.cancel"))
    }

    /// Writes a new job, from nothing but an authorised plan.
    ///
    /// # Errors
    /// Nothing usable was written.
    pub fn create(&self, plan: &Authorized<Plan>, now: Timestamp) -> io::Result<(JobId, Record)> {
        let id = JobId::random()?;
        let directory = self.directory(&id);
        DirBuilder::new().mode(0o700).create(&directory)?;
        files::replace(&directory.join("plan"), &plan.value().to_bytes())?;
        let record = Record {
            format: "bkt.job".to_owned(),
            format_version: "1.0".to_owned(),
            id: id.to_string(),
            uid: plan.uid(),
            sha256: plan.sha256().to_owned(),
            summary: describe::admin_summary(plan.value()),
            actions: plan.actions().to_vec(),
            authorized_at: now,
            state: State::Pending,
            looked_up: false,
            ended_at: None,
            unknown_steps: Vec::new(),
        };
        self.write(&id, &record)?;
        File::open(&self.jobs)?.sync_all()?;
        Ok((id, record))
    }

    /// Writes a job's record.
    ///
    /// # Errors
    /// The old record is untouched.
    pub fn write(&self, id: &JobId, record: &Record) -> io::Result<()> {
        files::replace(&self.directory(id).join("job.json"), &serde_json::to_vec(record)?)
    }

    /// Reads a job's record.
    ///
    /// # Errors
    /// There is none, it is not root's own, or it is broken.
    pub fn record(&self, id: &JobId) -> io::Result<Record> {
        Ok(serde_json::from_str(&self.trusted(id, "job.json")?)?)
    }

    /// Reads a job's plan.
    ///
    /// # Errors
    /// There is none, or it is not root's own.
    pub fn plan(&self, id: &JobId) -> io::Result<String> {
        self.trusted(id, "plan")
    }

    /// Reads a regular file that nobody but the helper's user can have written.
    fn trusted(&self, id: &JobId, name: &str) -> io::Result<String> {
        let directory = self.directory(id);
        let path = directory.join(name);
        let owner = rustix::process::geteuid().as_raw();
        for (path, is_directory) in [(&directory, true), (&path, false)] {
            let meta = std::fs::symlink_metadata(path)?;
            let kind = if is_directory { meta.is_dir() } else { meta.is_file() };
            if !kind || meta.uid() != owner || meta.mode() & 0o022 != 0 {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the job is not the helper’s own"));
            }
        }
        files::read(&path)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// All jobs that can be read, newest first.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn list(&self) -> io::Result<Vec<(JobId, Record)>> {
        let mut jobs = Vec::new();
        for entry in std::fs::read_dir(&self.jobs)? {
            let name = entry?.file_name();
            if let Some(id) = name.to_str().and_then(|name| name.parse::<JobId>().ok())
                && let Ok(record) = self.record(&id)
            {
                jobs.push((id, record));
            }
        }
        jobs.sort_by(|(a, one), (b, two)| two.authorized_at.cmp(&one.authorized_at).then_with(|| a.cmp(b)));
        Ok(jobs)
    }

    /// Forgets the oldest ended jobs beyond [`KEPT`] and tells which; also what was never completely written.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn prune(&self) -> io::Result<Vec<JobId>> {
        let ended = self.list()?.into_iter().filter(|(_, record)| record.state.is_end());
        let old: Vec<JobId> = ended.skip(KEPT).map(|(id, _)| id).collect();
        for entry in std::fs::read_dir(&self.jobs)? {
            let directory = entry?.path();
            if !directory.join("job.json").try_exists()? {
                std::fs::remove_dir_all(directory)?;
            }
        }
        for id in &old {
            std::fs::remove_dir_all(self.directory(id))?;
        }
        Ok(old)
    }
}
