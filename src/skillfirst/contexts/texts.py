"""The words of a context, in the member's language.

Texts are made when shown; what is stored is context and evidence.
"""

from __future__ import annotations

from skillfirst.contexts.kinds import Basis, Context
from skillfirst.tables.languages import primary

LANGUAGES = ("en", "de", "fr", "es", "ja")

_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "continue": "Continue where you left off",
        "watched": "Because you watched “{}”",
        "wanted": "Because you want to learn {}",
        "goal": "To become: {}",
        "predicted": "You may want to learn {}",
        "stay_sharp": "Stay sharp on {}",
        "skill": "Because you have skill “{}”",
        "title": "Based on your title “{}”",
        "activity": "Because you looked into {}",
        "inferred": "Goes with your profile: {}",
        "trending_title": "Trending among people with your title: {}",
        "trending_family": "Trending in your profession: {}",
        "trending_industry": "Trending in your industry: {}",
        "trending": "Trending now",
        "new": "New in {}",
        "new_": "New courses",
        "popular_title": "Popular with people whose title is {}",
        "popular_industry": "Popular in your industry: {}",
        "popular": "Popular courses in {}",
        "popular_": "Popular with learners",
        "popular_category": "Popular in {}",
        "popular:skills": "For skills members here have: courses in {}",
        "popular:skills_": "For skills members here have",
        "popular_category:skills": "{}: for skills members here have",
        "popular:nothing": "More courses in {}",
        "popular:nothing_": "More courses",
        "popular_category:nothing": "More courses: {}",
    },
    "de": {
        "continue": "Weiterlernen",
        "watched": "Weil Sie „{}“ angesehen haben",
        "wanted": "Weil Sie {} lernen möchten",
        "goal": "Auf dem Weg zum Ziel: {}",
        "predicted": "Das könnten Sie lernen wollen: {}",
        "stay_sharp": "Bleiben Sie fit in {}",
        "skill": "Weil Sie die Fähigkeit „{}“ haben",
        "title": "Passend zu Ihrem Beruf „{}“",
        "activity": "Weil Sie sich mit {} befasst haben",
        "inferred": "Passt zu Ihrem Profil: {}",
        "trending_title": "Im Trend in Ihrem Beruf: {}",
        "trending_family": "Im Trend in Ihrem Berufsfeld: {}",
        "trending_industry": "Im Trend in Ihrer Branche: {}",
        "trending": "Gerade im Trend",
        "new": "Neu in {}",
        "new_": "Neue Kurse",
        "popular_title": "Beliebt in Ihrem Beruf: {}",
        "popular_industry": "Beliebt in Ihrer Branche: {}",
        "popular": "Beliebte Kurse auf {}",
        "popular_": "Beliebt bei Lernenden",
        "popular_category": "Beliebt in {}",
        "popular:skills": "Zu Fähigkeiten der Mitglieder: Kurse auf {}",
        "popular:skills_": "Zu Fähigkeiten der Mitglieder",
        "popular_category:skills": "{}: zu Fähigkeiten der Mitglieder",
        "popular:nothing": "Weitere Kurse auf {}",
        "popular:nothing_": "Weitere Kurse",
        "popular_category:nothing": "Weitere Kurse: {}",
    },
    "fr": {
        "continue": "Reprendre là où vous en étiez",
        "watched": "Parce que vous avez regardé « {} »",
        "wanted": "Parce que vous souhaitez apprendre : {}",
        "goal": "Pour atteindre votre objectif : {}",
        "predicted": "Vous pourriez vouloir apprendre : {}",
        "stay_sharp": "Restez au meilleur niveau : {}",
        "skill": "Parce que vous avez la compétence « {} »",
        "title": "D’après votre métier « {} »",
        "activity": "Parce que vous vous êtes intéressé(e) à : {}",
        "inferred": "En accord avec votre profil : {}",
        "trending_title": "Tendance dans votre métier : {}",
        "trending_family": "Tendance dans votre domaine : {}",
        "trending_industry": "Tendance dans votre secteur : {}",
        "trending": "Tendances du moment",
        "new": "Nouveautés : {}",
        "new_": "Nouveaux cours",
        "popular_title": "Apprécié dans votre métier : {}",
        "popular_industry": "Apprécié dans votre secteur : {}",
        "popular": "Cours appréciés en {}",
        "popular_": "Apprécié des apprenants",
        "popular_category": "Cours appréciés : {}",
        "popular:skills": "Selon les compétences des membres : cours en {}",
        "popular:skills_": "Selon les compétences des membres",
        "popular_category:skills": "{} : selon les compétences des membres",
        "popular:nothing": "Autres cours en {}",
        "popular:nothing_": "Autres cours",
        "popular_category:nothing": "Autres cours : {}",
    },
    "es": {
        "continue": "Continúa donde lo dejaste",
        "watched": "Porque viste «{}»",
        "wanted": "Porque quieres aprender {}",
        "goal": "Para llegar a ser: {}",
        "predicted": "Quizá quieras aprender {}",
        "stay_sharp": "Mantente al día en {}",
        "skill": "Porque tienes la aptitud «{}»",
        "title": "Según tu cargo «{}»",
        "activity": "Porque te interesaste por {}",
        "inferred": "Encaja con tu perfil: {}",
        "trending_title": "Tendencia entre quienes tienen tu cargo: {}",
        "trending_family": "Tendencia en tu profesión: {}",
        "trending_industry": "Tendencia en tu sector: {}",
        "trending": "Tendencias",
        "new": "Novedades en {}",
        "new_": "Cursos nuevos",
        "popular_title": "Popular entre quienes tienen tu cargo: {}",
        "popular_industry": "Popular en tu sector: {}",
        "popular": "Cursos populares en {}",
        "popular_": "Popular entre los alumnos",
        "popular_category": "Popular en {}",
        "popular:skills": "Para aptitudes de los miembros: cursos en {}",
        "popular:skills_": "Para aptitudes de los miembros",
        "popular_category:skills": "{}: para aptitudes de los miembros",
        "popular:nothing": "Más cursos en {}",
        "popular:nothing_": "Más cursos",
        "popular_category:nothing": "Más cursos: {}",
    },
    "ja": {
        "continue": "続きから学ぶ",
        "watched": "「{}」を視聴したあなたに",
        "wanted": "「{}」を学びたいあなたに",
        "goal": "目標に向けて：{}",
        "predicted": "次に学ぶなら：{}",
        "stay_sharp": "「{}」のスキルを磨き続ける",
        "skill": "スキル「{}」をお持ちのあなたに",
        "title": "職種「{}」に基づくおすすめ",
        "activity": "「{}」に関心をお持ちのあなたに",
        "inferred": "プロフィールに関連：{}",
        "trending_title": "同じ職種で話題：{}",
        "trending_family": "同じ職業分野で話題：{}",
        "trending_industry": "同じ業界で話題：{}",
        "trending": "いま話題のコース",
        "new": "「{}」の新着コース",
        "new_": "新着コース",
        "popular_title": "同じ職種で人気：{}",
        "popular_industry": "同じ業界で人気：{}",
        "popular": "{}の人気コース",
        "popular_": "受講者に人気のコース",
        "popular_category": "「{}」で人気のコース",
        "popular:skills": "メンバーのスキルに合う{}のコース",
        "popular:skills_": "メンバーのスキルに合うコース",
        "popular_category:skills": "メンバーのスキルに合う「{}」のコース",
        "popular:nothing": "{}のその他のコース",
        "popular:nothing_": "その他のコース",
        "popular_category:nothing": "「{}」のその他のコース",
    },
}


def spoken(language: str | None) -> str:
    """The language texts are shown in for a BCP 47 tag: its primary subtag where we speak it, else English."""
    tag = primary(language or "en")
    return tag if tag in LANGUAGES else "en"


def text(
    context: Context | str, evidence: str | None, language: str | None = "en", basis: Basis = Basis.LEARNERS
) -> str:
    """The sentence above a row or card. `evidence`: the name of what the context names, or None. `basis`: what a shelf
    of popular courses stands on; nothing is called popular that nobody took."""
    label = context.label if isinstance(context, Context) else context
    if basis:
        label = f"{label}:{basis.name.lower()}"
    texts = _TEXTS[spoken(language)]
    if evidence is None and f"{label}_" in texts:
        label = f"{label}_"
    return texts[label].format(evidence) if "{}" in texts[label] else texts[label]
