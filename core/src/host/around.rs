// SPDX-License-Identifier: GPL-3.0-or-later
//! What a host around another one does not do itself.
//!
//! Invariant: passing on changes neither question nor answer.

/// Passes methods of [`Host`](super::Host) on to `self.inner`: the ones that look, or the ones that change.
macro_rules! pass_on {
    (looking) => {
        fn root(&self) -> Option<&Path> {
            self.inner.root()
        }

        fn home(&self) -> Option<&Path> {
            self.inner.home()
        }

        fn read(&self, path: &Path) -> Result<Option<String>, HostError> {
            self.inner.read(path)
        }

        fn bytes(&self, path: &Path) -> Result<Option<Vec<u8>>, HostError> {
            self.inner.bytes(path)
        }

        fn digest(&self, path: &Path) -> Result<Option<String>, HostError> {
            self.inner.digest(path)
        }

        fn list(&self, path: &Path) -> Result<Vec<String>, HostError> {
            self.inner.list(path)
        }

        fn link(&self, path: &Path) -> Result<Option<PathBuf>, HostError> {
            self.inner.link(path)
        }

        fn look(&self, path: &Path) -> Result<Option<Facts>, HostError> {
            self.inner.look(path)
        }

        fn below(&self, path: &Path) -> Result<Below, HostError> {
            self.inner.below(path)
        }

        fn owned(&self, base: &Path, place: &TreePath) -> Result<Option<OwnedFile>, HostError> {
            self.inner.owned(base, place)
        }

        fn stamp(&self, path: &Path) -> Result<Option<Stamp>, HostError> {
            self.inner.stamp(path)
        }

        fn now(&self) -> Timestamp {
            self.inner.now()
        }
    };
    (changing) => {
        fn put(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError> {
            self.inner.put(path, content, mode)
        }

        fn place(&self, from: &Path, to: &Path, mode: u32) -> Result<(), HostError> {
            self.inner.place(from, to, mode)
        }

        fn write(&self, path: &Path, content: &str) -> Result<(), HostError> {
            self.inner.write(path, content)
        }

        fn put_link(&self, path: &Path, target: &Path) -> Result<(), HostError> {
            self.inner.put_link(path, target)
        }

        fn put_owned(&self, base: &Path, place: &TreePath, file: Option<&OwnedFile>) -> Result<(), HostError> {
            self.inner.put_owned(base, place, file)
        }

        fn remove(&self, path: &Path) -> Result<(), HostError> {
            self.inner.remove(path)
        }

        fn run_with(&self, invocation: &Invocation, on_line: &mut dyn FnMut(&str)) -> Result<Output, HostError> {
            self.inner.run_with(invocation, on_line)
        }

        fn settings(&self) -> &dyn Settings {
            self.inner.settings()
        }
    };
}
