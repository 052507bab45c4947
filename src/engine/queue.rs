//! The queue that events wait in.
//!
//! It stays bounded when nobody reads: of progress and pictures only the newest waits, pending step records are
//! thinned, answers about thousands of images lose their pictures, and what must not be lost is rare (beginnings and ends of jobs, epochs).

use std::{
    collections::VecDeque,
    mem::discriminant,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::events::{Event, JobEvent, RunEvent};

/// Called after every event, from any thread; the window passes `request_repaint`.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Step records that may wait unread; beyond it every second one is dropped.
const MAX_PENDING_STEPS: usize = 16_384;
/// Answers about images that may wait with their pictures; beyond it the oldest wait without.
const MAX_PENDING_PICTURES: usize = 256;

type Queue = Mutex<VecDeque<Event>>;

/// Changes are single pushes and pops, so a poisoned lock still guards a whole queue.
fn locked(queue: &Queue) -> MutexGuard<'_, VecDeque<Event>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The engine's end of the queue.
#[derive(Clone)]
pub struct EventSender {
    queue: Arc<Queue>,
    waker: Waker,
}

impl EventSender {
    pub fn send(&self, event: Event) {
        push(&mut locked(&self.queue), event);
        (self.waker)();
    }
}

/// The reader's end of the queue.
#[derive(Debug)]
pub struct EventReceiver(Arc<Queue>);

impl EventReceiver {
    /// The oldest waiting event; never waits itself.
    pub fn try_next(&self) -> Option<Event> {
        locked(&self.0).pop_front()
    }

    /// Whether the newest event that waits is `wanted`; it stays.
    #[cfg(test)]
    pub fn peek_last(&self, wanted: impl FnOnce(&Event) -> bool) -> bool {
        locked(&self.0).back().is_some_and(wanted)
    }

    /// How many events wait.
    pub fn pending(&self) -> usize {
        locked(&self.0).len()
    }
}

pub fn channel(waker: Waker) -> (EventSender, EventReceiver) {
    let queue = Arc::new(Queue::default());
    (
        EventSender {
            queue: Arc::clone(&queue),
            waker,
        },
        EventReceiver(queue),
    )
}

/// Appends `event`, replacing or joining a waiting one where only the newest counts.
fn push(queue: &mut VecDeque<Event>, mut event: Event) {
    match &mut event {
        Event::Run(job, RunEvent::Steps(steps)) => {
            let waiting = queue.iter_mut().rev().find_map(|waiting| match waiting {
                Event::Run(other, RunEvent::Steps(waiting)) if other == job => Some(waiting),
                _ => None,
            });
            if let Some(waiting) = waiting {
                waiting.append(steps);
                if waiting.len() > MAX_PENDING_STEPS {
                    let mut keep = false;
                    waiting.retain(|_| {
                        keep = !keep;
                        keep
                    });
                }
                return;
            }
        }
        Event::Job(_, JobEvent::Partial(partial)) if !partial.replaces_older() => {
            let mut heavy = queue.iter_mut().rev().filter_map(|waiting| match waiting {
                Event::Job(_, JobEvent::Partial(partial)) => {
                    partial.lighter().map(|lighter| (partial, lighter))
                }
                _ => None,
            });
            if let Some((waiting, lighter)) = heavy.nth(MAX_PENDING_PICTURES - 1) {
                *waiting = lighter;
            }
        }
        _ => queue.retain(|waiting| !replaces(&event, waiting)),
    }
    queue.push_back(event);
}

/// Whether `event` takes the place of `waiting`: both tell the same of one job, and only the newest of that counts.
fn replaces(event: &Event, waiting: &Event) -> bool {
    match (event, waiting) {
        (Event::Job(job, event), Event::Job(of, waiting)) if job == of => {
            let only_newest = match event {
                JobEvent::Progress(_) => true,
                JobEvent::Partial(partial) => partial.replaces_older(),
                JobEvent::Started(_)
                | JobEvent::Done(_)
                | JobEvent::Failed(_)
                | JobEvent::Cancelled => false,
            };
            only_newest && discriminant(event) == discriminant(waiting)
        }
        (Event::Run(job, event), Event::Run(of, waiting)) if job == of => {
            let only_newest = match event {
                RunEvent::Evaluated(_)
                | RunEvent::WeightsPublished
                | RunEvent::Rate(_)
                | RunEvent::Paused(_) => true,
                RunEvent::Began(_)
                | RunEvent::Steps(_)
                | RunEvent::Epoch(_)
                | RunEvent::Advice(_)
                | RunEvent::Stopping
                | RunEvent::Ending(_) => false,
            };
            only_newest && discriminant(event) == discriminant(waiting)
        }
        (Event::Job(..) | Event::Run(..) | Event::Data(..) | Event::Note { .. }, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::Picture,
        engine::{ImageSource, JobId, ModelSource, Predict, Predicted, Prediction, Progress},
        model::spec::Head,
        train::StepRecord,
    };

    #[test]
    fn a_reader_that_sleeps_costs_bounded_memory_and_loses_nothing_that_counts() {
        let (sender, receiver) = channel(Arc::new(|| {}));
        let job = JobId(1);
        for step in 1..=1_000_000 {
            let record = StepRecord {
                step,
                epoch: 1,
                loss: 0.0,
                accuracy: 0.0,
            };
            sender.send(Event::Run(job, RunEvent::Steps(vec![record])));
            let (done, total) = (step, 1_000_000);
            sender.send(Event::Job(
                job,
                JobEvent::Progress(Progress { done, total }),
            ));
        }
        sender.send(Event::Job(job, JobEvent::Cancelled));
        assert_eq!(receiver.pending(), 3);
        let Some(Event::Run(_, RunEvent::Steps(steps))) = receiver.try_next() else {
            panic!("steps come first")
        };
        assert!(steps.len() <= MAX_PENDING_STEPS);
        assert!(steps.is_sorted_by_key(|record| record.step));
        assert_eq!(steps[0].step, 1);
        assert!(matches!(
            receiver.try_next(),
            Some(Event::Job(
                _,
                JobEvent::Progress(Progress {
                    done: 1_000_000,
                    ..
                })
            ))
        ));
        assert!(matches!(
            receiver.try_next(),
            Some(Event::Job(_, JobEvent::Cancelled))
        ));
        assert!(receiver.try_next().is_none());
    }

    #[test]
    fn answers_about_ten_thousand_images_do_not_pile_up() {
        let (sender, receiver) = channel(Arc::new(|| {}));
        let job = JobId(1);
        for index in 0..10_000 {
            let prediction = Arc::new(Prediction {
                name: index.to_string(),
                picture: Arc::new(Picture::filled(8, 8, [1; 3])),
                classes: Arc::from([]),
                class: 0,
                probabilities: Vec::new(),
                logits: Vec::new(),
                head: Head::Softmax,
                epoch: 1,
                model: ModelSource::File("a.safetensors".into()),
                source: ImageSource::File(index.to_string().into()),
            });
            let answer = Ok(prediction);
            sender.send(Event::partial::<Predict>(job, Predicted { index, answer }));
        }
        let answers = std::iter::from_fn(|| receiver.try_next());
        let answers: Vec<_> = answers
            .filter_map(|event| event.part::<Predict>()?.1.answer.clone().ok())
            .collect();
        let names: Vec<_> = answers.iter().map(|answer| answer.name.clone()).collect();
        assert_eq!(
            names,
            (0..10_000)
                .map(|index| index.to_string())
                .collect::<Vec<_>>()
        );
        let pictured = |answer: &&Arc<Prediction>| !answer.picture.rgb.is_empty();
        assert_eq!(
            answers.iter().filter(pictured).count(),
            MAX_PENDING_PICTURES
        );
        assert!(
            answers
                .iter()
                .rev()
                .take(MAX_PENDING_PICTURES)
                .all(|answer| pictured(&answer))
        );
    }
}
