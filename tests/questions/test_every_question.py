"""What holds for every question, found by its folder."""

import importlib
from pathlib import Path

import pytest

from pipeline import questions
from pipeline.params import Params
from pipeline.questions import Question
from pipeline.questions.claim import Definition

QUESTIONS = questions.discover()


@pytest.fixture(scope="module")
def study(repository: Path) -> Params:
    return questions.load(repository / "params.yaml")


def name_of(question: Question) -> str:
    return question.name


@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_it_asks_in_its_own_words_and_place(question: Question) -> None:
    assert question.title.endswith("?")
    assert [other.order for other in QUESTIONS].count(question.order) == 1


@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_its_claims_have_rules_and_numbers_of_its_own(question: Question) -> None:
    assert question.claims
    others = [claim.number for each in QUESTIONS if each != question for claim in each.claims]
    for claim in question.claims:
        assert claim.number not in others
        assert claim.text.endswith(".")
        assert isinstance(claim, Definition) or claim.published


@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_it_reads_stages_that_there_are(question: Question, study: Params) -> None:
    assert set(question.reads(study)) <= set(study.stages)


@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_its_cells_are_its_own(question: Question, study: Params) -> None:
    cells = list(question.cells(study))
    assert {cell.question for cell in cells} <= {question.name}
    assert {cell.setting for cell in cells} <= study.draws().keys()
    assert {cell.stage for cell in cells} <= set(question.reads(study))
    places = [(cell.setting, cell.variant, cell.label) for cell in cells]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_it_has_an_answer(question: Question) -> None:
    assert question.template.read_text(encoding="utf-8").strip()


HOOKS = {"settings": "Settings", "cells": "cells", "measure": "measure", "draw": "draw", "answer": "values"}


@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_a_module_that_the_contract_names_has_what_is_looked_for(question: Question) -> None:
    package = f"pipeline.questions.{question.name}"
    for module, name in HOOKS.items():
        if (question.template.parent / f"{module}.py").exists():
            assert hasattr(importlib.import_module(f"{package}.{module}"), name), module
