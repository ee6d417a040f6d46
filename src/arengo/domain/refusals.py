"""Every way in which the rules of a space say no, each with its stable code and one sentence."""

from __future__ import annotations

from arengo.domain.errors import Refusal


def not_permitted(action: str) -> Refusal:
    return Refusal("Your role in this space does not allow that.", code="not_permitted", facts={"action": action})


def not_signed_in() -> Refusal:
    return Refusal("Guests listen; sign in to do that.", code="not_signed_in")


def signed_out() -> Refusal:
    return Refusal("You are not signed in any more; sign in again.", code="not_signed_in")


def guest_cannot_speak() -> Refusal:
    return Refusal("A guest can only listen; ask them to sign in.", code="guest_cannot_speak")


def no_such_space() -> Refusal:
    return Refusal("There is no such space.", code="no_such_space")


def no_such_person() -> Refusal:
    return Refusal("There is no such person here.", code="no_such_person")


def not_live(state: str) -> Refusal:
    return Refusal("The space is not live.", code="not_live", facts={"state": state})


def already_ended(state: str) -> Refusal:
    return Refusal("The space is over.", code="already_ended", facts={"state": state})


def already_started() -> Refusal:
    return Refusal("The space has already started.", code="already_started")


def stage_full(places: int) -> Refusal:
    return Refusal("Every place on stage is taken.", code="stage_full", facts={"places": places})


def too_many_cohosts(most: int) -> Refusal:
    return Refusal("The space has all the co-hosts that it can have.", code="too_many_cohosts", facts={"most": most})


def not_invited() -> Refusal:
    return Refusal("In this space only those who are invited speak; raise your hand.", code="not_invited")


def not_on_stage() -> Refusal:
    return Refusal("Only who is on stage has a microphone here.", code="not_on_stage")


def follows_not_available() -> Refusal:
    return Refusal("Speaking for people whom the host follows is not available yet.", code="follows_not_available")


def removed() -> Refusal:
    return Refusal("The host removed you from this space.", code="removed")


def banned() -> Refusal:
    return Refusal("This account is banned.", code="banned")


def private() -> Refusal:
    return Refusal("This space is private, and you are not among those whom the host lets in.", code="private")


def guests_forbidden() -> Refusal:
    return Refusal("The host lets only people with an account listen.", code="guests_forbidden")


def unknown_emoji() -> Refusal:
    return Refusal("That is not one of the reactions.", code="unknown_emoji")
