"""One switch that makes the whole study larger."""

from __future__ import annotations

from pipeline.params.models import Params


def enlarged(params: Params) -> Params:
    """Return the parameters with `scale` times the replicates of every setting and question.

    These are the training sets, as far as the images go where their number is known; or the
    initialisations of a setting with one training set.
    """
    if params.scale == 1:
        return params
    settings = {}
    for name, setting in params.settings.items():
        if setting.splits == 1:
            settings[name] = setting.model_copy(update={"inits": setting.inits * params.scale})
        else:
            most = params.most_sets(setting, params.tuning.splits)
            settings[name] = setting.model_copy(
                update={"splits": int(min(setting.splits * params.scale, most))}
            )
    larger = params.model_copy(update={"settings": settings})
    sections = {name: section.enlarged(larger) for name, section in params.sections()}
    return larger.model_copy(update={"questions": params.questions.model_copy(update=sections)})
