"""The acts for which a court may have a person compared: a closed list, acts against persons alone."""

from __future__ import annotations

from enum import StrEnum


class Act(StrEnum):
    """One of the grave crimes of DESIGN.md, section 9. There is no member for anything else, and no "other"."""

    INTENTIONAL_HOMICIDE = "intentional-homicide"
    GRIEVOUS_BODILY_HARM = "grievous-bodily-harm"
    RAPE_AND_SEXUAL_ASSAULT = "rape-and-sexual-assault"
    SEXUAL_EXPLOITATION_OF_CHILDREN = "sexual-exploitation-of-children"
    KIDNAPPING_AND_UNLAWFUL_DETENTION = "kidnapping-and-unlawful-detention"
    TRAFFICKING_IN_PERSONS = "trafficking-in-persons"
    TORTURE = "torture"
    ARMED_ROBBERY = "armed-robbery"
    ARSON_ENDANGERING_LIFE = "arson-endangering-life"
    ESCAPE_FROM_CUSTODY = "escape-from-custody"


_WORDS: dict[Act, tuple[str, str]] = {
    Act.INTENTIONAL_HOMICIDE: ("故意杀人", "intentional homicide"),
    Act.GRIEVOUS_BODILY_HARM: ("故意伤害致人重伤", "grievous bodily harm"),
    Act.RAPE_AND_SEXUAL_ASSAULT: ("强奸、性侵犯", "rape or sexual assault"),
    Act.SEXUAL_EXPLOITATION_OF_CHILDREN: ("对儿童的性剥削", "sexual exploitation of children"),
    Act.KIDNAPPING_AND_UNLAWFUL_DETENTION: (
        "绑架、非法拘禁（不包括父母带走子女）",
        "kidnapping or unlawful detention (not by a parent)",
    ),
    Act.TRAFFICKING_IN_PERSONS: ("贩卖人口", "trafficking in persons"),
    Act.TORTURE: ("酷刑", "torture"),
    Act.ARMED_ROBBERY: ("持械抢劫", "armed robbery"),
    Act.ARSON_ENDANGERING_LIFE: ("危及生命的放火", "arson that endangered lives"),
    Act.ESCAPE_FROM_CUSTODY: ("脱逃", "escape from custody"),
}


def describe_act(act: Act) -> tuple[str, str]:
    """Return the act in plain words: Chinese and English."""
    return _WORDS[act]
