//! One turn of the hands in a frame.
//!
//! A slow frame finds several inputs at once: a press and its release, `45`, Tab and `9`. egui takes such turns (what moves
//! the keyboard from field to field, or presses) as if they came before everything else of their frame, so that `45` is
//! lost and `9` is found in both fields. Here each turn has a frame of its own, in the order of the hands.

use std::mem;

use eframe::egui::{Event, Key};

/// Inputs that wait for the next frame.
#[derive(Default)]
pub struct Turns {
    waiting: Vec<Event>,
}

impl Turns {
    /// Leaves in `events` what belongs to this frame.
    pub fn take(&mut self, events: &mut Vec<Event>) {
        let mut all = mem::take(&mut self.waiting);
        all.append(events);
        let turn = all.iter().position(is_turn);
        let end = turn.map_or(all.len(), |at| {
            let is_alone = !all[..at].iter().any(is_input);
            at + usize::from(is_alone)
        });
        if all[end..].iter().any(is_input) {
            self.waiting = all.split_off(end);
        }
        *events = all;
    }

    /// Whether something waits for the next frame, which must not be long in coming.
    pub fn wait(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// Moves the keyboard to another field or presses something.
fn is_turn(event: &Event) -> bool {
    match event {
        Event::PointerButton { .. } => true,
        Event::Key {
            key,
            pressed: true,
            modifiers,
            ..
        } => {
            let moves = matches!(key, Key::Tab | Key::Enter | Key::Escape | Key::F1 | Key::F2);
            moves || modifiers.command || modifiers.alt
        }
        _ => false,
    }
}

/// What must not come before a turn that it came after.
fn is_input(event: &Event) -> bool {
    matches!(
        event,
        Event::Text(_)
            | Event::Paste(_)
            | Event::Cut
            | Event::Copy
            | Event::Ime(_)
            | Event::PointerButton { .. }
            | Event::Key { pressed: true, .. }
    )
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Modifiers, PointerButton, Pos2};

    use super::*;

    fn text(letters: &str) -> Event {
        Event::Text(letters.into())
    }

    fn key(key: Key) -> [Event; 2] {
        [true, false].map(|pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        })
    }

    fn button(pressed: bool) -> Event {
        Event::PointerButton {
            pos: Pos2::ZERO,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        }
    }

    #[test]
    fn what_is_typed_around_a_turn_stays_around_it() {
        let [tab, tab_up] = key(Key::Tab);
        let moved = Event::PointerMoved(Pos2::ZERO);
        // Everything that one slow frame found, and the frames it becomes.
        type Frame = Vec<Event>;
        let cases: [(&str, Frame, Vec<Frame>); 5] = [
            (
                "letters stay together",
                vec![text("4"), text("5")],
                vec![vec![text("4"), text("5")]],
            ),
            (
                "Tab between numbers",
                vec![text("45"), tab.clone(), tab_up.clone(), text("9")],
                vec![
                    vec![text("45")],
                    vec![tab.clone()],
                    vec![tab_up.clone(), text("9")],
                ],
            ),
            (
                "a click and what is typed at once",
                vec![moved.clone(), button(true), button(false), text("4")],
                vec![
                    vec![moved.clone(), button(true)],
                    vec![button(false)],
                    vec![text("4")],
                ],
            ),
            (
                "nothing waits for a movement",
                vec![button(true), moved.clone()],
                vec![vec![button(true), moved.clone()]],
            ),
            ("nothing", vec![], vec![vec![]]),
        ];
        for (what, found, frames) in cases {
            let mut turns = Turns::default();
            let mut found = found;
            for frame in frames {
                turns.take(&mut found);
                assert_eq!(found, frame, "{what}");
                found.clear();
            }
            assert!(!turns.wait(), "{what}");
        }
    }
}
