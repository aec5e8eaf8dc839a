// SPDX-License-Identifier: GPL-3.0-or-later
// Evaluated inside GNOME Shell: what the message tray holds, and clicks on it.
function all() { return Main.messageTray.getSources().flatMap(s => s.notifications); }
function list() {
    return all().map(n => ({
        app: n.source.title,
        title: n.title,
        body: n.body,
        urgency: n.urgency,
        buttons: n.actions.map(a => a.label),
    }));
}
function click(index, button) {
    const n = all()[index];
    if (!n) throw new Error('no notification ' + index);
    if (!button) { n.activate(); return true; }
    const action = n.actions.find(a => a.label === button);
    if (!action) throw new Error('no button ' + button);
    action.activate();
    return true;
}
