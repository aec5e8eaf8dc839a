// SPDX-License-Identifier: GPL-3.0-or-later
// Evaluated inside GNOME Shell: what the message tray holds, and clicks on it.
// What the Shell itself says of a session without a display manager is no part of it.
function own(n) { return n.title === 'Screen Lock disabled'; }
function all() { return Main.messageTray.getSources().flatMap(s => s.notifications).filter(n => !own(n)); }
// No animations, the overview closed, an empty tray: what a picture needs to be the same each time.
function settle() {
    const until = done => { while (!done()) imports.gi.GLib.MainContext.default().iteration(true); };
    const watch = s => s.connect('notification-added', (_, n) => { if (own(n)) n.acknowledged = true; });
    imports.gi.St.Settings.get().inhibit_animations();
    until(() => !Main.layoutManager._startingUp);
    Main.messageTray.connect('source-added', (_, s) => watch(s));
    Main.messageTray.getSources().forEach(s => s.destroy());
    Main.overview.hide();
    until(() => !Main.overview.visible);
    return true;
}
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
