// SPDX-License-Identifier: GPL-3.0-or-later
//! The executor: `bkt-executor JOB`, started by systemd as `bkt-executor@JOB.service`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use bkt_helper::executor;
use bkt_helper::job::State;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(job), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: bkt-executor JOB");
        return ExitCode::from(64);
    };
    match executor::execute(&job) {
        Ok(State::Done) => ExitCode::SUCCESS,
        Ok(state) => {
            eprintln!("<4>the job ended as {}", state.as_str());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("<3>{error:#}");
            ExitCode::from(65)
        }
    }
}
