import SQLiteStores
import Testing

struct SQLiteLocationTests {
    @Test(
        arguments: [
            ("sqlite:a.sqlite", "a.sqlite", nil),
            ("sqlite:/var/weir/raw.sqlite", "/var/weir/raw.sqlite", nil),
            ("sqlite:.weir/w", ".weir/w", nil),
            ("sqlite:a b%20c#d.sqlite", "a b%20c#d.sqlite", nil),
            ("sqlite:ä😀", "ä😀", nil),
            ("sqlite:///var/weir/raw.sqlite", "///var/weir/raw.sqlite", nil),
            ("sqlite:a?", "a", nil),
            ("sqlite:a?max_pages=1", "a", 1),
            ("sqlite:a?max_pages=9999999", "a", 9_999_999),
            ("sqlite:a?max_pages=1&max_pages=2", "a", 2),
        ] as [(String, String, Int?)]
    )
    func `a URL names a path and perhaps a limit`(url: String, path: String, pages: Int?) {
        #expect(SQLiteLocation(url: url) == SQLiteLocation(path: path, maximumPages: pages))
    }

    @Test(arguments: [
        "", "sqlite", "sqlite:", "sqlite:?max_pages=1", "SQLITE:a", "memory:", "a.sqlite",
        "sqlite3:a", "postgresql://a", "sqlite:a?max_pages", "sqlite:a?max_pages=",
        "sqlite:a?max_pages=0", "sqlite:a?max_pages=-1", "sqlite:a?max_pages=1.5",
        "sqlite:a?max_pages=x", "sqlite:a?max_pages=99999999999999999999", "sqlite:a?pages=1",
        "sqlite:a?max_pages=1&mode=ro", "sqlite:a?b?max_pages=1", "sqlite::memory:",
        "sqlite:file::memory:", "sqlite:file:a?mode=memory", "sqlite:FILE:a",
        "sqlite://bob:secret@host/x", "sqlite://host/x",
    ])
    func `what is no such URL is none`(url: String) {
        #expect(SQLiteLocation(url: url) == nil)
    }
}
