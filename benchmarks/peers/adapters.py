"""The adapters of the peers, by the option that gives the place of each."""

from benchmarks.peers import dcgan, introvae, pythae, soft_intro

ADAPTERS = {"pythae": pythae, "soft_intro": soft_intro, "introvae": introvae, "dcgan": dcgan}
