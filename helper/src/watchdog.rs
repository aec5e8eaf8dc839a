// SPDX-License-Identifier: GPL-3.0-or-later
//! Telling systemd that the broker still answers (sd_notify(3), `WatchdogSec=`).
//!
//! Invariant: the word is sent from the loop that answers calls, so a loop that stands still sends none.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

/// Sends a sign of life again and again; ends only when there is nobody to send it to.
pub async fn ping(socket: &Path, every: Duration) {
    let Ok(sender) = UnixDatagram::unbound() else { return };
    let mut time = tokio::time::interval(every);
    loop {
        time.tick().await;
        if sender.send_to(b"WATCHDOG=1", socket).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn signs_of_life_come_until_nobody_listens() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let listener = tokio::net::UnixDatagram::bind(&path).unwrap();
        let pinging = tokio::spawn({
            let path = path.clone();
            async move { ping(&path, Duration::from_millis(10)).await }
        });
        for _ in 0..2 {
            let mut said = [0; 32];
            let length = listener.recv(&mut said).await.unwrap();
            assert_eq!(&said[..length], b"WATCHDOG=1");
        }
        drop(listener);
        tokio::time::timeout(Duration::from_secs(5), pinging).await.unwrap().unwrap();
    }
}
