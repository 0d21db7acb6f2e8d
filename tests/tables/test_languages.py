from skillfirst.tables.languages import primary


def test_region_and_script_do_not_matter() -> None:
    assert [primary(tag) for tag in ("pt-BR", "PT", "zh-Hant-TW", "en")] == ["pt", "pt", "zh", "en"]
    assert primary(None) is None
