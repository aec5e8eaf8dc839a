// SPDX-License-Identifier: GPL-3.0-or-later
//! Fetched programs both ways, by the real curl and tar, from an HTTPS server that this computer takes for GitHub.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};

use crate::computer::Computer;

const SERVER: &str = r#"
import http.server, ssl, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass
    def do_GET(self):
        if "/elsewhere/" in self.path:
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/tool")
            self.end_headers()
        else:
            super().do_GET()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("../cert.pem", "../key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// A computer whose `~/.curlrc` leads GitHub's names to a server here, and the files that has.
struct Online {
    computer: Computer,
    server: Child,
}

impl Drop for Online {
    fn drop(&mut self) {
        // It has ended already where it cannot be ended.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Online {
    fn new(manifest: &str) -> Self {
        let computer = Computer::bare(&[("host-binaries.json", manifest)]);
        let www = computer.path("www");
        std::fs::create_dir(&www).unwrap();
        let names = "subjectAltName=DNS:github.com,DNS:api.github.com";
        done(
            Command::new("openssl")
                .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=github.com"])
                .args(["-addext", names, "-keyout", "key.pem", "-out", "cert.pem"])
                .current_dir(computer.path("")),
        );
        let mut server =
            Command::new("python3").args(["-c", SERVER]).current_dir(&www).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port = port.trim();
        let curlrc = format!(
            "cacert = \"{}\"\nconnect-to = \"api.github.com:443:127.0.0.1:{port}\"\nconnect-to = \"github.com:443:127.0.0.1:{port}\"\n",
            computer.path("cert.pem").display()
        );
        std::fs::write(computer.path("home/.curlrc"), curlrc).unwrap();
        Self { computer, server }
    }

    fn put(&self, path: &str, content: &[u8]) -> PathBuf {
        let path = self.computer.path("www").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Publishes a release of `o/tool` with one archive, whose program prints its version.
    fn release(&self, tag: &str, digest: impl Fn(&str) -> Option<String>) {
        let folder = self.computer.path("tool-dist");
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        std::fs::write(folder.join("bin/tool"), format!("#!/bin/sh\necho tool {tag}\n")).unwrap();
        std::fs::write(folder.join("README"), "read me\n").unwrap();
        let asset = format!("tool-{}-unknown-linux-musl.tar.gz", std::env::consts::ARCH);
        let archive = self.put(&format!("o/tool/releases/download/{tag}/{asset}"), b"");
        done(Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(self.computer.path("")).arg("tool-dist"));
        let sum = Command::new("sha256sum").arg(&archive).output().unwrap().stdout;
        let sum = String::from_utf8(sum).unwrap().split(' ').next().unwrap().to_owned();
        let url = format!("https://github.com/o/tool/releases/download/{tag}/{asset}");
        let answer = json!({"tag_name": tag, "draft": false, "prerelease": false, "assets": [
            {"name": "tool-windows.zip", "browser_download_url": "https://github.com/no"},
            {"name": asset, "browser_download_url": url, "digest": digest(&sum)}]});
        let answer = answer.to_string();
        self.put(&format!("repos/o/tool/releases/tags/{tag}"), answer.as_bytes());
        self.put("repos/o/tool/releases/latest", answer.as_bytes());
    }

    fn manifest(&self) -> String {
        std::fs::read_to_string(self.computer.path("setup/manifests/host-binaries.json")).unwrap()
    }

    fn runs(&self) -> String {
        self.computer.run(self.computer.path("home/.local/bin/tool").to_str().unwrap(), &[]).out
    }

    fn drift(&self) -> Vec<String> {
        let drift = self.computer.bkt(&["drift", "--json"]).document();
        let items = drift["items"].as_array().unwrap().iter();
        items.map(|item| format!("{} {}", item["id"], item["shape"]).replace('"', "")).collect()
    }
}

fn published(sum: &str) -> Option<String> {
    Some(format!("sha256:{sum}"))
}

const NOTHING: &str = "{\n  \"binaries\": []\n}\n";

#[test]
fn a_program_is_fetched_changed_undone_captured_and_removed() {
    let online = Online::new(NOTHING);
    let computer = &online.computer;
    online.release("v1.2.0", published);
    online.release("v1.1.0", published);
    let before = online.manifest();
    let said = computer.bkt(&["bin", "add", "github:o/tool", "-n"]);
    assert!(said.exit == 0 && online.manifest() == before && !computer.path("home/.local/bin").exists(), "{said:?}");

    let said = computer.bkt(&["bin", "add", "github:o/tool@1.1.0"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!((online.runs().as_str(), online.drift()), ("tool v1.1.0\n", Vec::new()));
    let mode = computer.path("home/.local/bin/tool").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    let said = computer.bkt(&["fetchbin", "add", "o/tool@1.2.0"]);
    assert_eq!((said.exit, online.runs().as_str()), (0, "tool v1.2.0\n"), "{said:?}");
    insta::assert_snapshot!(computer.bkt(&["bin", "list"]).out, @"tool  github:o/tool 1.2.0");
    let said = computer.bkt(&["undo", "-y"]);
    assert_eq!((said.exit, online.runs().as_str()), (0, "tool v1.1.0\n"), "{said:?}");
    assert!(online.manifest().contains("\"1.1.0\""), "{}", online.manifest());

    // A computer that has it where the setup does not: captured with its version.
    computer.manifest("host-binaries.json", NOTHING);
    assert_eq!(online.drift(), ["bin:tool only_here"]);
    let said = computer.bkt(&["capture", "bin", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    insta::assert_snapshot!(online.manifest(), @r#"
    {
      "binaries": [
        {
          "name": "tool",
          "source": {
            "type": "github",
            "repo": "o/tool"
          },
          "version": "v1.1.0"
        }
      ]
    }
    "#);
    assert_eq!(online.drift(), Vec::<String>::new());
    let plan = computer.bkt(&["plan", "show", "--json"]).document();
    assert_eq!(plan["operations"].as_array().map(Vec::len), Some(0), "{plan}");
    let said = computer.bkt(&["bin", "remove", "tool"]);
    assert_eq!((said.exit, online.manifest().as_str()), (0, NOTHING), "{said:?}");
    assert!(!computer.path("home/.local/bin/tool").exists());
    assert_eq!(online.drift(), Vec::<String>::new());
}

#[test]
fn nothing_is_placed_without_its_checksum_and_nothing_of_others_is_touched() {
    let declared = json!({"binaries": [{"name": "tool", "source": {"type": "github", "repo": "o/tool"}, "why": 1}]});
    let online = Online::new(&declared.to_string());
    let computer = &online.computer;
    let placed = || computer.path("home/.local/bin/tool").exists();
    online.release("v1.0.0", |_| Some(format!("sha256:{}", "0".repeat(64))));
    let said = computer.bkt(&["apply", "bin:tool", "-y"]);
    assert!(said.exit == 1 && said.out.contains("does not have the expected checksum") && !placed(), "{said:?}");
    online.release("v1.0.0", |_| None);
    let said = computer.bkt(&["apply", "bin:tool", "-y", "--json"]).document();
    assert!(said.to_string().contains("no_checksum") && !placed(), "{said}");
    let left = std::fs::read_dir(computer.path("home/.cache/bkt/fetch/tool")).unwrap().count();
    assert_eq!(left, 0, "a download that is not used is gone");

    // Over plain HTTP nothing is taken, also where an answer leads there.
    let answer = json!({"tag_name": "v9", "assets": [
        {"name": "tool-linux", "browser_download_url": "https://github.com/o/tool/elsewhere/tool-linux", "digest": published(&"0".repeat(64))}]});
    online.put("repos/o/tool/releases/latest", answer.to_string().as_bytes());
    let said = computer.bkt(&["apply", "bin:tool", "-y"]);
    assert!(said.exit == 1 && said.out.contains("could not be downloaded") && !placed(), "{said:?}");
    let plain = answer.to_string().replace("https://github.com", "http://github.com");
    online.put("repos/o/tool/releases/latest", plain.as_bytes());
    let said = computer.bkt(&["apply", "bin:tool", "-y"]);
    assert!(said.exit == 1 && said.out.contains("does not start with https://") && !placed(), "{said:?}");

    // What fails is not left in the setup.
    let before = online.manifest();
    let said = computer.bkt(&["bin", "add", "github:o/nosuch"]);
    assert_eq!((said.exit, online.manifest()), (1, before.clone()), "{said:?}");
    assert!(said.out.contains("o/nosuch has no release on GitHub"), "{said:?}");

    online.release("v1.0.0", published);
    std::fs::create_dir_all(computer.path("home/.local/bin")).unwrap();
    std::fs::write(computer.path("home/.local/bin/tool"), "mine\n").unwrap();
    let unknown = || {
        let drift = computer.bkt(&["drift", "--json"]).document();
        drift["unknown"].as_array().unwrap().iter().find(|unknown| unknown["domain"] == "bin").cloned().unwrap()
    };
    assert_eq!(unknown()["code"], "not_ours");
    assert_ne!(computer.bkt(&["bin", "remove", "tool"]).exit, 0);
    let mine = std::fs::read_to_string(computer.path("home/.local/bin/tool")).unwrap();
    assert_eq!((mine.as_str(), online.manifest()), ("mine\n", before));
    std::fs::remove_file(computer.path("home/.local/bin/tool")).unwrap();
    let said = computer.bkt(&["apply", "bin:tool", "-y"]);
    assert_eq!((said.exit, online.runs().as_str()), (0, "tool v1.0.0\n"), "{said:?}");
    // A program somebody changed is theirs.
    std::fs::write(computer.path("home/.local/bin/tool"), "changed\n").unwrap();
    assert!(unknown()["message"].as_str().unwrap().contains("was changed since"), "{}", unknown());
}

#[test]
fn words_that_name_no_source_are_wrong_usage() {
    let computer = Computer::bare(&[("host-binaries.json", NOTHING)]);
    for words in [
        &["pip:x"][..],
        &["tool"],
        &["npm:--x"],
        &["github:o"],
        &["cargo:a/b"],
        &["github:o/r", "--name", "../x"],
        &["npm:x", "--asset", "*.gz"],
        &["github:o/r", "--sha256", "abc"],
        &["github:o/r@$(x)"],
    ] {
        let said = computer.bkt(&[&["bin", "add"], words].concat());
        assert_eq!(said.exit, 2, "{words:?}: {said:?}");
    }
    let said = computer.bkt(&["bin", "add", "npm:@biomejs/biome@^1.9", "--setup-only", "--json"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let text = std::fs::read_to_string(computer.path("setup/manifests/host-binaries.json")).unwrap();
    let manifest: Json = serde_json::from_str(&text).unwrap();
    let source = json!({"type": "npm", "package": "@biomejs/biome"});
    assert_eq!(manifest["binaries"][0], json!({"name": "biome", "source": source, "version": "^1.9"}));
    crate::computer::valid_as("host-binaries", &manifest);
}
