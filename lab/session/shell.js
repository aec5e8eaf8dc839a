// SPDX-License-Identifier: GPL-3.0-or-later
// Evaluated inside GNOME Shell: what the message tray holds and clicks on it, and the authentication dialog.
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
// The authentication dialog of polkit: waits until it asks for a password, then says what it asks.
function dialog() { return Main.componentManager._allComponents.polkitAgent._currentDialog; }
function asked() {
    const end = imports.gi.GLib.get_monotonic_time() + 60e6;
    const ready = () => dialog() && dialog()._passwordEntry.mapped;
    imports.gi.GLib.timeout_add(0, 200, () => imports.gi.GLib.get_monotonic_time() < end);
    while (!ready()) {
        if (imports.gi.GLib.get_monotonic_time() > end) throw new Error('nothing asks for a password');
        imports.gi.GLib.MainContext.default().iteration(true);
    }
    return dialog().contentLayout.get_children().map(c => c.description).find(text => text) ?? '';
}
function answer(password) {
    dialog()._passwordEntry.set_text(password);
    dialog()._onEntryActivate();
    return true;
}
