//! The queue that events wait in.
//!
//! It stays bounded when nobody reads: of progress and pictures only the newest waits, pending step records are
//! thinned, answers about thousands of images lose their pictures, and what must not be lost is rare (beginnings and ends of jobs, epochs).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::{events::Event, handle::Waker, job::JobId};

/// Step records that may wait unread; beyond it every second one is dropped.
const MAX_PENDING_STEPS: usize = 16_384;
/// Answers about images that may wait with their pictures; beyond it the oldest wait without.
const MAX_PENDING_PICTURES: usize = 256;

#[derive(Debug, Default)]
struct Queue(Mutex<VecDeque<Event>>);

impl Queue {
    fn with<R>(&self, change: impl FnOnce(&mut VecDeque<Event>) -> R) -> R {
        // Changes are single pushes and pops, so a poisoned lock still guards a whole queue.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The engine's end of the queue.
#[derive(Clone)]
pub struct EventSender {
    queue: Arc<Queue>,
    waker: Waker,
}

impl EventSender {
    pub fn send(&self, event: Event) {
        self.queue.with(|queue| push(queue, event));
        (self.waker)();
    }
}

/// The reader's end of the queue.
#[derive(Debug)]
pub struct EventReceiver(Arc<Queue>);

impl EventReceiver {
    /// The oldest waiting event; never waits itself.
    pub fn try_next(&self) -> Option<Event> {
        self.0.with(VecDeque::pop_front)
    }

    /// Whether the newest event that waits is `wanted`; it stays.
    #[cfg(test)]
    pub fn peek_last(&self, wanted: impl FnOnce(&Event) -> bool) -> bool {
        self.0.with(|queue| queue.back().is_some_and(wanted))
    }

    /// How many events wait.
    pub fn pending(&self) -> usize {
        self.0.with(|queue| queue.len())
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
fn push(queue: &mut VecDeque<Event>, event: Event) {
    match event {
        Event::Steps { job, steps } => {
            let waiting = queue.iter_mut().rev().find_map(|waiting| match waiting {
                Event::Steps { job: other, steps } if *other == job => Some(steps),
                _ => None,
            });
            match waiting {
                Some(waiting) => {
                    waiting.extend(steps);
                    if waiting.len() > MAX_PENDING_STEPS {
                        let mut keep = false;
                        waiting.retain(|_| {
                            keep = !keep;
                            keep
                        });
                    }
                }
                None => queue.push_back(Event::Steps { job, steps }),
            }
        }
        Event::Predicted { .. } => {
            let with_picture = |event: &&mut Event| matches!(event, Event::Predicted { prediction, .. } if !prediction.picture.rgb.is_empty());
            let mut waiting = queue.iter_mut().rev().filter(with_picture);
            if let Some(Event::Predicted { prediction, .. }) = waiting.nth(MAX_PENDING_PICTURES - 1)
            {
                *prediction = Arc::new(prediction.without_picture());
            }
            queue.push_back(event);
        }
        event => {
            if let Some(topic) = topic(&event) {
                queue.retain(|waiting| self::topic(waiting) != Some(topic));
            }
            queue.push_back(event);
        }
    }
}

#[derive(PartialEq, Clone, Copy)]
enum Topic {
    Progress(JobId),
    Evaluated(JobId),
    Weights(JobId),
    Rates(JobId),
    RateNow(JobId),
    Preview(JobId),
    Paused(JobId),
}

/// Events of the same topic replace each other while they wait.
fn topic(event: &Event) -> Option<Topic> {
    match event {
        Event::Progress { job, .. } => Some(Topic::Progress(*job)),
        Event::Evaluated { job, .. } => Some(Topic::Evaluated(*job)),
        Event::WeightsPublished { job, .. } => Some(Topic::Weights(*job)),
        Event::RatesSoFar { job, .. } => Some(Topic::Rates(*job)),
        Event::RateNow { job, .. } => Some(Topic::RateNow(*job)),
        Event::MaximisePreview { job, .. } => Some(Topic::Preview(*job)),
        Event::Paused { job, .. } => Some(Topic::Paused(*job)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::Picture,
        engine::{ImageSource, JobKind, ModelSource, Prediction, events::Progress},
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
            sender.send(Event::Steps {
                job,
                steps: vec![record],
            });
            sender.send(Event::Progress {
                job,
                progress: Progress {
                    done: step,
                    total: 1_000_000,
                },
            });
        }
        sender.send(Event::Cancelled {
            job,
            kind: JobKind::Train,
        });
        assert_eq!(receiver.pending(), 3);
        let Some(Event::Steps { steps, .. }) = receiver.try_next() else {
            panic!("steps come first")
        };
        assert!(steps.len() <= MAX_PENDING_STEPS);
        assert!(steps.is_sorted_by_key(|record| record.step));
        assert_eq!(steps[0].step, 1);
        assert!(matches!(
            receiver.try_next(),
            Some(Event::Progress {
                progress: Progress {
                    done: 1_000_000,
                    ..
                },
                ..
            })
        ));
        assert!(matches!(receiver.try_next(), Some(Event::Cancelled { .. })));
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
            sender.send(Event::Predicted { job, prediction });
        }
        let answers = std::iter::from_fn(|| receiver.try_next());
        let answers: Vec<_> = answers
            .filter_map(|event| match event {
                Event::Predicted { prediction, .. } => Some(prediction),
                _ => None,
            })
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
