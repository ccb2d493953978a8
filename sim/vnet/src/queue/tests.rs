use super::heap::Heap;
use super::*;
use proptest::prelude::*;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn drain<E>(queue: &mut Queue<E>) -> Vec<(u64, E)> {
    core::iter::from_fn(|| queue.pop()).map(|(at, event)| (at.micros(), event)).collect()
}

#[test]
fn events_pop_in_order_of_time() {
    let mut queue = Queue::new();
    for micros in [30, 10, 20] {
        queue.schedule(at(micros), micros);
    }
    assert_eq!(queue.next_time(), Some(at(10)));
    assert_eq!(drain(&mut queue), [(10, 10), (20, 20), (30, 30)]);
    assert_eq!(queue.next_time(), None);
    assert_eq!(queue.now(), at(30));
}

#[test]
fn equal_times_pop_in_order_of_scheduling() {
    let mut queue = Queue::new();
    for event in 0..100 {
        queue.schedule(at(5), event);
    }
    assert_eq!(drain(&mut queue), (0..100).map(|event| (5, event)).collect::<Vec<_>>());
}

#[test]
fn reusing_a_slot_does_not_move_an_event_ahead_of_its_equals() {
    let mut queue = Queue::new();
    let first = queue.schedule(at(5), "cancelled");
    queue.schedule(at(5), "second");
    assert!(queue.cancel(first));
    let third = queue.schedule(at(5), "third");
    assert_eq!(first.slot, third.slot);
    assert_eq!(drain(&mut queue), [(5, "second"), (5, "third")]);
}

#[test]
fn a_cancelled_event_never_pops_and_a_ticket_cancels_once() {
    let mut queue = Queue::new();
    let ticket = queue.schedule(at(1), "first");
    queue.schedule(at(2), "second");
    assert!(queue.cancel(ticket));
    assert_eq!((queue.len(), queue.next_time()), (1, Some(at(2))));
    assert!(!queue.cancel(ticket));
    assert_eq!(drain(&mut queue), [(2, "second")]);
}

#[test]
fn a_ticket_of_a_popped_event_cancels_nothing_even_when_its_slot_is_reused() {
    let mut queue = Queue::new();
    let old = queue.schedule(at(1), "old");
    assert_eq!(queue.pop(), Some((at(1), "old")));
    let new = queue.schedule(at(2), "new");
    assert_eq!(old.slot, new.slot);
    assert!(!queue.cancel(old));
    assert_eq!(drain(&mut queue), [(2, "new")]);
}

#[test]
fn cancelling_drops_the_event_at_once() {
    let shared = std::rc::Rc::new(());
    let mut queue = Queue::new();
    let ticket = queue.schedule(at(1), shared.clone());
    assert!(queue.cancel(ticket));
    assert_eq!(std::rc::Rc::strong_count(&shared), 1);
}

#[test]
fn a_million_cancelled_timers_leave_bounded_garbage() {
    let mut queue = Queue::new();
    for pending in 0..100 {
        queue.schedule(at(1 << 40), pending);
    }
    for step in 0..1_000_000 {
        let timer = queue.schedule(at(1_000 + step), 0);
        assert!(queue.cancel(timer));
        assert!(queue.keys.len() <= queue.len() + queue.len() / SHARE + SLACK);
    }
    assert_eq!(queue.slots.len(), 101);
    assert_eq!(queue.len(), 100);
}

#[test]
fn popping_the_live_events_sweeps_the_cancelled_ones() {
    let mut queue = Queue::new();
    for micros in 0..1_000 {
        queue.schedule(at(micros), ());
    }
    let late: Vec<_> = (0..1_000).map(|_| queue.schedule(at(1 << 30), ())).collect();
    for ticket in late {
        assert!(queue.cancel(ticket));
    }
    while queue.pop().is_some() {
        assert!(queue.keys.len() <= queue.len() + queue.len() / SHARE + SLACK);
    }
    assert_eq!(queue.keys.len(), 0);
}

#[test]
fn room_of_events_in_their_order_is_given_back_as_they_pop() {
    let mut queue = Queue::new();
    for micros in 0..10_000 {
        queue.schedule(at(micros), ());
    }
    queue.arrange();
    while queue.pop().is_some() {
        assert!(queue.keys.room() <= queue.len() + 2 * (queue.len() / SHARE + SLACK));
    }
}

#[test]
fn scheduling_at_the_present_is_allowed() {
    let mut queue = Queue::new();
    queue.schedule(at(7), 1);
    queue.pop();
    queue.schedule(at(7), 2);
    assert_eq!(queue.pop(), Some((at(7), 2)));
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "but it is already 0.000007"))]
fn scheduling_in_the_past_is_a_mistake_and_never_turns_time_back() {
    let mut queue = Queue::new();
    queue.schedule(at(7), 1);
    queue.pop();
    queue.schedule(at(6), 2);
    assert_eq!(queue.pop(), Some((at(7), 2)));
}

/// What a test does to the queue and to its model.
#[derive(Debug, Clone)]
enum Step {
    Schedule { after_us: u64 },
    Cancel { which: prop::sample::Index },
    Pop,
    Arrange,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..50u64).prop_map(|after_us| Step::Schedule { after_us }),
        3 => any::<prop::sample::Index>().prop_map(|which| Step::Cancel { which }),
        2 => Just(Step::Pop),
        1 => Just(Step::Arrange),
    ];
    prop::collection::vec(step, 0..600)
}

proptest! {
    /// The model keeps (time, number) in a sorted vector; the number is the event and the order of scheduling.
    #[test]
    fn behaves_like_a_sorted_vector(steps in steps()) {
        let mut queue = Queue::new();
        let mut model: Vec<(Instant, usize)> = Vec::new();
        let mut tickets = Vec::new();
        for step in steps {
            match step {
                Step::Schedule { after_us } => {
                    let due = queue.now() + core::time::Duration::from_micros(after_us);
                    let number = tickets.len();
                    tickets.push(queue.schedule(due, number));
                    let place = model.partition_point(|&known| known < (due, number));
                    model.insert(place, (due, number));
                }
                Step::Cancel { which } if !tickets.is_empty() => {
                    let number = which.index(tickets.len());
                    let place = model.iter().position(|&(_, known)| known == number);
                    prop_assert_eq!(queue.cancel(tickets[number]), place.is_some());
                    place.map(|place| model.remove(place));
                }
                Step::Cancel { .. } => {}
                Step::Pop => {
                    let expected = (!model.is_empty()).then(|| model.remove(0));
                    prop_assert_eq!(queue.pop(), expected);
                }
                Step::Arrange => queue.arrange(),
            }
            prop_assert_eq!(queue.len(), model.len());
            prop_assert_eq!(queue.is_empty(), model.is_empty());
            prop_assert_eq!(queue.next_time(), model.first().map(|&(due, _)| due));
            let even: Vec<_> = model.iter().copied().filter(|(_, known)| known % 2 == 0).collect();
            let soonest = queue.soonest(3, |at, known| (known % 2 == 0).then_some((at, *known)));
            prop_assert_eq!(soonest, &even[..even.len().min(3)]);
            prop_assert!(queue.keys.len() <= queue.len() + queue.len() / SHARE + SLACK);
        }
    }

    #[test]
    fn the_heap_sorts_and_keeps_its_order_when_keys_are_dropped(
        keys in prop::collection::btree_set(any::<u16>(), 0..300),
        divisor in 1..5u16,
    ) {
        let mut heap = Heap::new();
        // Falling order is the worst to push.
        keys.iter().rev().for_each(|&key| heap.push(key));
        heap.retain(|key| key % divisor == 0);
        let popped: Vec<_> = core::iter::from_fn(|| heap.pop()).collect();
        let expected: Vec<_> = keys.into_iter().filter(|key| key % divisor == 0).collect();
        prop_assert_eq!(popped, expected);
    }
}

#[test]
fn all_live_events_can_be_looked_at_and_no_others() {
    let mut queue = Queue::new();
    let cancelled = queue.schedule(at(5), "cancelled");
    queue.schedule(at(3), "popped");
    queue.schedule(at(9), "later");
    queue.schedule(at(7), "sooner");
    queue.pop();
    queue.cancel(cancelled);
    let mut events: Vec<_> = queue.events().copied().collect();
    events.sort_unstable();
    assert_eq!(events, ["later", "sooner"]);
    assert_eq!(events.len(), queue.len());
}
