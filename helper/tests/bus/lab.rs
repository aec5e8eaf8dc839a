// SPDX-License-Identifier: GPL-3.0-or-later
//! A private bus with the real broker on it, and a polkit and a systemd that do as the test says.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bkt_core::compare::{Effect, Origin};
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::{Action, Plan, Preconditions, Step};
use bkt_helper::broker::Broker;
use bkt_helper::store::Store;
use bkt_helper_api::JobProxy;
use tempfile::TempDir;
use zbus::Connection;
use zbus::connection::Builder;
use zbus::proxy::CacheProperties;
use zbus::wire::OwnedObjectPath;

use crate::polkit::{Authority, Policy};
use crate::systemd::{Manager, Started};

const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:dir=DIR</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true"/><allow receive_type="method_call"/><allow receive_type="signal"/>
    <allow receive_requested_reply="true"/>
  </policy>
</busconfig>
"#;

pub(crate) struct Lab {
    daemon: Child,
    pub(crate) address: String,
    dir: TempDir,
    pub(crate) policy: Arc<Policy>,
    pub(crate) started: Arc<Started>,
    pub(crate) authority: Connection,
    pub(crate) manager: Connection,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl Lab {
    /// The bus, polkit and systemd.
    #[expect(clippy::disallowed_methods, reason = "the bus of the test is a program")]
    pub(crate) async fn without_broker() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("bus.conf");
        std::fs::write(&config, CONFIG.replace("DIR", dir.path().to_str().unwrap())).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        let (policy, started) = (Arc::new(Policy::default()), Arc::new(Started::default()));
        let serve = |name: &'static str| Builder::address(address.as_str()).name(name);
        let authority = serve("org.freedesktop.PolicyKit1")
            .serve_at("/org/freedesktop/PolicyKit1/Authority", Authority(policy.clone()))
            .build()
            .await
            .unwrap();
        let manager = serve("org.freedesktop.systemd1")
            .serve_at("/org/freedesktop/systemd1", Manager(started.clone()))
            .build()
            .await
            .unwrap();
        Self { daemon, address, dir, policy, started, authority, manager }
    }

    pub(crate) async fn start() -> (Self, Arc<Broker>, Connection) {
        let lab = Self::without_broker().await;
        let broker = lab.broker().await;
        let client = lab.connect().await;
        (lab, broker, client)
    }

    pub(crate) async fn broker(&self) -> Arc<Broker> {
        Broker::start(self.connect().await, &self.connect().await, self.store()).await.unwrap()
    }

    pub(crate) async fn connect(&self) -> Connection {
        Builder::address(self.address.as_str()).build().await.unwrap()
    }

    pub(crate) fn store(&self) -> Store {
        Store::below(self.dir.path())
    }

    /// How far a job is, as its object says.
    pub(crate) async fn state(&self, client: &Connection, job: &OwnedObjectPath) -> String {
        let job = JobProxy::builder(client).path(job).cache_properties(CacheProperties::No);
        job.build().await.unwrap().state().await.unwrap()
    }

    /// Nothing was started, and nothing but the empty directories is on the disk.
    pub(crate) fn nothing_happened(&self) {
        assert_eq!(self.started.units(), Vec::<String>::new());
        assert!(self.store().list().unwrap().is_empty());
    }
}

/// A plan that installs a package.
pub(crate) fn install(name: &str) -> Plan {
    let action = Action::InstallPackage { name: name.parse().unwrap() };
    let step = Step::apply(ItemId::new(Domain::Pkg, name), action, Effect::Now, Origin::SetupChanged);
    Plan::new(
        Preconditions { rpmdb: Some(bkt_core::plan::hash(b"")), ..Preconditions::default() },
        vec![step],
        Vec::new(),
    )
}
