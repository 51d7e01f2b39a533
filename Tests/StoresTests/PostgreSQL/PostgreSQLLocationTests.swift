import PostgreSQLStores
import Storage
import Testing

struct PostgreSQLLocationTests {
    @Test(arguments: [
        ("postgresql://u:secret@h:5433/d?schema=shop&sslmode=require", "h:5433/d", "shop"),
        ("postgresql://u:secret@h:5433/d?sslmode=require&schema=shop_2", "h:5433/d", "shop_2"),
        ("postgres://u:secret@h/d?schema=a&schema=b", "h:5432/d", "b"),
        ("postgresql://u:s%2Fecret%3F@[::1]:1/d%20e", "::1:1/d e", "weir"),
        ("postgresql://", "localhost:5432/", "weir"),
        ("postgresql:///d?host=/run/postgresql", "/run/postgresql:5432/d", "weir"),
        ("postgresql://h/d?application_name=@a@", "h:5432/d", "weir"),
        ("postgresql://h?application_name=@a@", "h:5432/", "weir"),
        ("postgresql://h/d?user=ann@server&schema=s", "h:5432/d", "s"),
        ("host=h port=5433 dbname=d user=u password=secret schema=shop", "h:5433/d", "shop"),
        ("host=h dbname=d password='se cret' schema='shop'", "h:5432/d", "shop"),
        ("dbname = d host = h", "h:5432/d", "weir"),
        ("service=none password=secret host=h", "h:5432/", "weir"),
    ])
    func `a URL says where and in which schema`(
        url: String,
        place: String,
        schema: String
    ) throws {
        let location = try PostgreSQLLocation(url: url)
        #expect(location.label == "postgresql://\(place)")
        #expect(location.schema == schema)
        #expect(PostgreSQLLocation.isMeant(by: url))
    }

    @Test(arguments: [
        "postgresql://u:secret@h:port:7/d", "postgresql://u:secret%@h/d",
        "postgresql://u:sec%ret@h/d", "postgresql://u:secret@h/d?passwrd=secret",
        "postgresql://u:p@sec@h/d", "postgresql://u:p/sec@h/d", "postgresql://u:p@h/sec@d",
        "postgresql:u:secret@h", "sqlite:secret", "secret", "",
        "postgresql://u:secret@h/d?schema=Secret", "postgresql://u:secret@h/d?schema=",
        "postgresql://u:secret@h/d?schema=public", "postgresql://u:secret@h/d?schema=pg_x",
        "postgresql://u:secret@h/d?schema=a;secret", "postgresql://u:secret@h/d?schema=1",
        "host=h password=secret port=sec", "host=h passwrd=secret", "host=h password='secret",
        "host=h password=secret schema=Secret",
    ])
    func `a URL that cannot be read is refused without a word of it`(url: String) throws {
        let error = #expect(throws: StoreError.self) { try PostgreSQLLocation(url: url) }
        let message = try #require(error?.message.lowercased())
        #expect(!message.contains("sec"))
        #expect(message.contains("schema"))
        #expect(error?.isTransient == false)
    }

    @Test(arguments: [
        ("postgresql://u:secret@h:port/d", "has a port that is not a number from 1 to 65535"),
        ("postgresql://u:secret@h:70000/d", "has a port that is not a number from 1 to 65535"),
        ("host=h port=0", "has a port that is not a number from 1 to 65535"),
        ("postgresql://u:p@sec@h/d", "has one of @ / ? as it is in its user or password"),
        ("postgresql://u:p/sec@h/d", "has one of @ / ? as it is in its user or password"),
        ("postgresql://u:p?sec@h/d", "has one of @ / ? as it is in its user or password"),
        ("postgresql://u:sec%ret@h/d", "has a % that is not followed by two hexadecimal digits"),
        ("postgresql://u:secret@h/d?passwrd=secret", "has a parameter that libpq does not know"),
        ("postgresql://u:secret@h/d?ssl=maybe", "has a parameter that libpq does not know"),
        (
            "postgresql://u:secret@h/d?connect_timeout=soon",
            "has a connect_timeout that is no number"
        ),
    ])
    func `a URL that cannot be read has one precise sentence`(url: String, sentence: String) {
        let error = #expect(throws: StoreError.self) { try PostgreSQLLocation(url: url) }
        #expect(error?.message.contains("URL \(sentence)") == true, "\(String(describing: error))")
    }

    @Test func `a location shows nothing of its user and password`() throws {
        let location = try PostgreSQLLocation(url: "postgresql://me:secret@h/d?sslpassword=secret")
        var dumped = ""
        dump(location, to: &dumped)
        for text in ["\(location)", String(reflecting: location), dumped, location.label] {
            #expect(!text.contains("secret") && !text.contains("me"))
        }
    }

    @Test func `only URLs of PostgreSQL are meant`() {
        for url in [
            "sqlite:a", "memory:", "postgresql:a", "mongodb://h", "xpostgresql://h", "host", "=",
            "sqlite:host=h", "hosts=h", "a=b", "",
        ] {
            #expect(!PostgreSQLLocation.isMeant(by: url))
        }
    }
}
