// SPDX-License-Identifier: GPL-3.0-or-later
//! A shutdown is held off for as long as the work takes: with a logind that hands out locks, and without one.

use std::io::{PipeReader, Read};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bkt_core::problem::Problem;
use bkt_helper::executor::shield::shielded;
use rustix::fs::{OFlags, fcntl_setfl};
use zbus::OwnedFd;
use zbus::connection::Builder;

use crate::lab::Lab;

/// What was asked for, and the other end of the lock.
#[derive(Default)]
struct Locks {
    asked: Vec<[String; 3]>,
    ends: Vec<PipeReader>,
}

impl Locks {
    /// Whether the last lock is closed.
    fn is_free(&self) -> bool {
        matches!(self.ends.last().map(|end| { end }.read(&mut [0])), None | Some(Ok(0)))
    }
}

struct Logind(Arc<Mutex<Locks>>);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Logind {
    async fn inhibit(&self, what: String, who: String, why: String, mode: String) -> zbus::fdo::Result<OwnedFd> {
        assert!(!why.is_empty());
        let (end, lock) = std::io::pipe().unwrap();
        fcntl_setfl(&end, OFlags::NONBLOCK).unwrap();
        let mut locks = self.0.lock().unwrap();
        locks.asked.push([what, who, mode]);
        locks.ends.push(end);
        Ok(std::os::fd::OwnedFd::from(lock).into())
    }
}

/// Does the work as the executor does: in a thread of its own that waits for the bus.
async fn work(lab: &Lab, mut work: impl FnMut() -> Result<(), Problem> + Send + 'static) -> Result<(), Problem> {
    let address = lab.address.clone();
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(Builder::address(address.as_str()).build()).unwrap();
        shielded(&runtime, &connection, &mut work)
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_shutdown_waits_for_the_work_and_no_longer() {
    let lab = Lab::without_broker().await;
    let locks = Arc::new(Mutex::new(Locks::default()));
    let _logind = Builder::address(lab.address.as_str())
        .name("org.freedesktop.login1")
        .serve_at("/org/freedesktop/login1", Logind(locks.clone()))
        .build()
        .await
        .unwrap();
    for result in [Ok(()), Err(Problem::new("command_failed", "dnf failed"))] {
        let (seen, end) = (locks.clone(), result.clone());
        let told = work(&lab, move || {
            assert!(!seen.lock().unwrap().is_free(), "the lock stands while the work is done");
            end.clone()
        })
        .await;
        assert_eq!(told, result);
        let freed = async {
            while !locks.lock().unwrap().is_free() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), freed).await.expect("the lock is given back");
    }
    let expected = ["shutdown", "Bucket", "block"].map(str::to_owned);
    assert_eq!(locks.lock().unwrap().asked, [expected.clone(), expected]);
}

#[tokio::test]
async fn without_logind_the_work_is_done_all_the_same() {
    let lab = Lab::without_broker().await;
    let done = Arc::new(Mutex::new(false));
    let seen = done.clone();
    let told = work(&lab, move || {
        *seen.lock().unwrap() = true;
        Ok(())
    });
    assert_eq!(told.await, Ok(()));
    assert!(*done.lock().unwrap());
}
