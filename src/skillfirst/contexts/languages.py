"""What languages are called, in the languages texts are shown in, as they stand inside a sentence."""

from __future__ import annotations

from skillfirst.tables.languages import primary

# primary subtag, then its name in English, German, French, Spanish and Japanese
_NAMES = {
    row[0]: dict(zip(("en", "de", "fr", "es", "ja"), row[1:], strict=True))
    for row in (
        ("ar", "Arabic", "Arabisch", "arabe", "árabe", "アラビア語"),
        ("bg", "Bulgarian", "Bulgarisch", "bulgare", "búlgaro", "ブルガリア語"),
        ("ca", "Catalan", "Katalanisch", "catalan", "catalán", "カタルーニャ語"),
        ("cs", "Czech", "Tschechisch", "tchèque", "checo", "チェコ語"),
        ("da", "Danish", "Dänisch", "danois", "danés", "デンマーク語"),
        ("de", "German", "Deutsch", "allemand", "alemán", "ドイツ語"),
        ("el", "Greek", "Griechisch", "grec", "griego", "ギリシャ語"),
        ("en", "English", "Englisch", "anglais", "inglés", "英語"),
        ("es", "Spanish", "Spanisch", "espagnol", "español", "スペイン語"),
        ("et", "Estonian", "Estnisch", "estonien", "estonio", "エストニア語"),
        ("fi", "Finnish", "Finnisch", "finnois", "finés", "フィンランド語"),
        ("fr", "French", "Französisch", "français", "francés", "フランス語"),
        ("he", "Hebrew", "Hebräisch", "hébreu", "hebreo", "ヘブライ語"),
        ("hi", "Hindi", "Hindi", "hindi", "hindi", "ヒンディー語"),
        ("hr", "Croatian", "Kroatisch", "croate", "croata", "クロアチア語"),
        ("hu", "Hungarian", "Ungarisch", "hongrois", "húngaro", "ハンガリー語"),
        ("id", "Indonesian", "Indonesisch", "indonésien", "indonesio", "インドネシア語"),
        ("it", "Italian", "Italienisch", "italien", "italiano", "イタリア語"),
        ("ja", "Japanese", "Japanisch", "japonais", "japonés", "日本語"),
        ("ko", "Korean", "Koreanisch", "coréen", "coreano", "韓国語"),
        ("lt", "Lithuanian", "Litauisch", "lituanien", "lituano", "リトアニア語"),
        ("lv", "Latvian", "Lettisch", "letton", "letón", "ラトビア語"),
        ("nl", "Dutch", "Niederländisch", "néerlandais", "neerlandés", "オランダ語"),
        ("no", "Norwegian", "Norwegisch", "norvégien", "noruego", "ノルウェー語"),
        ("pl", "Polish", "Polnisch", "polonais", "polaco", "ポーランド語"),
        ("pt", "Portuguese", "Portugiesisch", "portugais", "portugués", "ポルトガル語"),
        ("ro", "Romanian", "Rumänisch", "roumain", "rumano", "ルーマニア語"),
        ("ru", "Russian", "Russisch", "russe", "ruso", "ロシア語"),
        ("sk", "Slovak", "Slowakisch", "slovaque", "eslovaco", "スロバキア語"),
        ("sl", "Slovenian", "Slowenisch", "slovène", "esloveno", "スロベニア語"),
        ("sv", "Swedish", "Schwedisch", "suédois", "sueco", "スウェーデン語"),
        ("th", "Thai", "Thailändisch", "thaï", "tailandés", "タイ語"),
        ("tr", "Turkish", "Türkisch", "turc", "turco", "トルコ語"),
        ("uk", "Ukrainian", "Ukrainisch", "ukrainien", "ucraniano", "ウクライナ語"),
        ("vi", "Vietnamese", "Vietnamesisch", "vietnamien", "vietnamita", "ベトナム語"),
        ("zh", "Chinese", "Chinesisch", "chinois", "chino", "中国語"),
    )
}


def language_name(tag: str, shown_in: str) -> str:
    """The name of the language of a BCP 47 tag; the tag itself where its name is not known here."""
    return _NAMES.get(primary(tag), {}).get(shown_in, tag)
