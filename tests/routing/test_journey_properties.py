"""What holds whatever happens, in whatever order: random crossings of events over a small world of reps and leads."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from routing import events, model
from routing.model import Kind, Status
from routing.team import OfferStyle, Pool
from tests.builders import MINUTE
from tests.world import World

NAMES = ("priya", "tom", "ana", "joe")
OTHER_NAMES = ("zoe", "abe", "mia", "ned")

DEEDS = (
    "form", "form", "form", "call", "time", "time", "time", "accept", "accept", "pass", "answer", "outcome", "attempt", "off", "on",
    "busy", "assign", "on_it", "ring_on", "hang_up", "bridge", "ack_failed", "undelivered", "stale", "note", "write", "look",
    "close", "voicemail", "rung", "dial", "dial", "dial_in", "met", "lead_over", "rep_over",
)  # fmt: skip
STORY = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 3), st.integers(0, 7)), max_size=40)
LONG = st.randoms(use_true_random=False).map(
    lambda random: [(random.choice(DEEDS), random.randrange(4), random.randrange(8)) for _ in range(60)]
)
POOLS = st.builds(
    Pool,
    st.just("sales"),
    st.just("Sales"),
    st.just(NAMES),
    strategy=st.sampled_from(["least_loaded", "round_robin", "weighted", "owner_first"]),
    offer=st.sampled_from(list(OfferStyle)),
    ring=st.integers(2, 3),
    managers=st.just(("kim",)),
    directors=st.just(("lou",)),
    close_after=st.just(60 * MINUTE),
)


def do(world, deed, who, which):
    """One deed: `who` is a rep's rank, `which` picks a lead or a length of time."""
    rep = world.names[who]
    world.now += timedelta(seconds=1)
    if deed == "form":
        world.arrive(events.LeadArrived(), knows=rep if which % 2 else None)
    elif deed == "call":
        world.arrive(events.CallArrived("CA1"), kind=Kind.CALL)
    elif deed == "time":
        world.pass_time((0.5, 1, 2, 4, 8, 16, 31, 70)[which] * MINUTE)
    elif deed in ("off", "on", "busy"):
        absence = {"off": "off shift", "on": None, "busy": "busy"}[deed]
        world.duty(rep, absence, world.now + 3 * MINUTE if deed == "busy" else None)
    elif world.leads:
        number = 1 + which % len(world.leads)
        world.happen(number, about_a_lead(world.states[number], deed, rep, which))
    world.wake()
    world.pass_time(timedelta(0))


def about_a_lead(state, deed, rep, which):
    """What happens to a lead: often by the rep it is about, sometimes by any other."""
    mine = (state.owner or (state.offered_to or (rep,))[0]) if which % 3 else rep
    return {
        "accept": events.OfferAccepted(mine, "sms"),
        "pass": events.OfferPassed(mine, "sms"),
        "answer": events.HumanResponded(mine, "text", text="Hello"),
        "outcome": events.OutcomeReported(mine, ("talked", "bad_number", "closed")[which % 3]),
        "attempt": events.ResponseAttempted(mine, "voicemail"),
        "assign": events.LeadAssigned(rep, "Kim Ortega"),
        "on_it": events.EscalationAcknowledged("kim"),
        "ring_on": events.RingUnanswered(mine, "busy"),
        "hang_up": events.CallMissed("hung up"),
        "bridge": events.CallBridged(mine),
        "ack_failed": events.AcknowledgementFailed(("sms", "email")[which % 2], "30003"),
        "undelivered": events.OfferUndelivered(mine, "30003"),
        "stale": events.OfferLapsed(state.turn - 1),
        "note": events.NoteAdded("Kim Ortega", "a note"),
        "write": events.MessageArrived("sms", "hello?"),
        "look": events.RetryDue(),
        "close": events.CloseDue(),
        "voicemail": events.VoicemailLeft("https://example.org/1", which),
        "rung": events.AcknowledgementExpired(),
        "dial": events.CallRequested(mine, ("page", "sms")[which % 2]),
        "dial_in": events.RepJoinedCall(mine, state.dial_number),
        "met": events.LeadPickedUp(mine, state.dial_number - (which == 7), ("human", "machine", "unknown")[which % 3]),
        "lead_over": events.LeadCallEnded(
            mine, state.dial_number, ("completed", "busy")[which % 2], which < 4, 10 * which, bool(which % 3)
        ),
        "rep_over": events.RepCallEnded(mine, state.dial_number, "no answer"),
    }[deed]


def told(story, pool, names=NAMES):
    """The world after a story."""
    world = World(names, Pool("sales", "Sales", names, **{f: getattr(pool, f) for f in KEPT}))
    for deed in story:
        do(world, *deed)
        world.check()
    return world


KEPT = ("strategy", "offer", "ring", "managers", "directors", "close_after")


@settings(max_examples=250, deadline=None)
@given(story=STORY, pool=POOLS)
def test_whatever_happens_the_promises_hold(story, pool):
    """Alarms live, caps kept, nobody waits while there is room, one owner, what is closed stays closed, no word twice."""
    told(story, pool)


@settings(max_examples=100, deadline=None)
@given(story=LONG, pool=POOLS)
def test_they_hold_in_a_long_day_too(story, pool):
    """Short stories shrink well, long ones find more: a rep who loses the same lead twice, two acknowledgements, a third round."""
    told(story, pool)


@settings(max_examples=60, deadline=None)
@given(story=STORY, pool=POOLS)
def test_other_names_tell_the_same_story(story, pool):
    one, other = told(story, pool).log, told(story, pool, OTHER_NAMES).log
    assert one == other


@settings(max_examples=60, deadline=None)
@given(story=STORY, pool=POOLS)
def test_the_same_story_twice_is_the_same_log(story, pool):
    assert told(story, pool).log == told(story, pool).log


@settings(max_examples=60, deadline=None)
@given(story=STORY, pool=POOLS)
def test_a_lead_that_nobody_touches_again_is_escalated_until_the_end(story, pool):
    """After any story: let three hours pass. Every unanswered lead has then been told to the director, again and again."""
    world = told(story, pool)
    open_before = [n for n, state in world.states.items() if state.status in model.UNANSWERED]
    world.pass_time(180 * MINUTE)
    world.check()
    for number in open_before:
        directors = [m for m in world.messages[number] if m.to == "manager:lou" and m.channel == "sms"]
        assert len(directors) >= 5
        assert world.states[number].status in model.UNANSWERED


@settings(max_examples=60, deadline=None)
@given(leads=st.integers(1, 20), pool=POOLS)
def test_who_is_removed_gives_everything_unanswered_back_with_its_first_clock(leads, pool):
    world = World(NAMES, pool)
    for number in range(leads):
        do(world, "form", 0, number)
    dues = {number: state.response_due_at for number, state in world.states.items()}
    for name in NAMES:
        world.duty(name, "off shift")
    assert {number: state.response_due_at for number, state in world.states.items()} == dues
    assert {state.status for state in world.states.values()} == {Status.WAITING}
    assert all(seat.open == 0 for seat in world.roster.seats.values())
