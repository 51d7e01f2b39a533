import Reports
import Testing

/// Every secret is spelt `s3cr3t`; what is shown is worked out by hand from what a URL or a
/// connection string means.
@Suite struct SecretTextTests {
    static let values: [(value: String, shown: String)] = [
        ("postgresql://u:s3cr3t@h:1/d?sslmode=require", "postgresql://***@h:1/d?sslmode=require"),
        ("postgresql://s3cr3t@h/d", "postgresql://***@h/d"),
        ("postgresql://h:s3cr3t/d", "postgresql://h:***/d"),
        ("postgresql://h/d?pass%77ord=s3cr3t", "postgresql://h/d?pass%77ord=***"),
        ("postgresql://h/d?passwrd=s3cr3t&schema=a", "postgresql://h/d?passwrd=***&schema=a"),
        ("postgresql://h/d?s3cr3t", "postgresql://h/d?***"),
        ("postgresql://h/d#s3cr3t", "postgresql://h/***"),
        // Passwords that should have been escaped.
        ("postgresql://u:s3/cr3t@h/d", "postgresql://***@h/d"),
        ("postgresql://u:s3?cr3t@h/d", "postgresql://***@h/d"),
        ("postgresql://u:12?s3cr3t@h/d", "postgresql://***@h/d"),
        ("postgresql://u:s3@cr3t@h/d", "postgresql://***@h/d"),
        ("postgresql://u:s3#cr3t@h/d", "postgresql://***@h/d"),
        ("postgresql://u:s3 cr3t@h/d", "postgresql://***@h/d"),
        ("postgresql://u:s3'cr3t\"@h/d", "postgresql://***@h/d"),
        ("postgresql:u:s3cr3t@h", "postgresql:***@h"),
        ("mongodb://u:s3cr3t@a:1,b:2/d?appName=@a@&w=1", "mongodb://***@a:1,b:2/d?appName=@a@&w=1"),
        (
            "mongodb://h/?tlsCertificateKeyFilePassword=s3cr3t&tls=true",
            "mongodb://h/?tlsCertificateKeyFilePassword=***&tls=true"
        ),
        (
            "mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:s3cr3t",
            "mongodb://h/?authMechanismProperties=***"
        ),
        ("mongodb://[::1]:27017/shop", "mongodb://[::1]:27017/shop"),
        ("sqlite:mongodb://u:s3cr3t@h", "sqlite:mongodb://***@h"),
        ("https://u:s3cr3t@h/x?sig=s3cr3t", "https://***@h/x?sig=***"),
        ("nats://s3cr3t@h:4222", "nats://***@h:4222"),
        ("host=h password=s3cr3t dbname=d", "host=h password=*** dbname=d"),
        ("host=h password='s3 cr3t' dbname=d", "host=h password=*** dbname=d"),
        ("host=h password = s3 cr3t dbname=d", "host=h password = *** dbname=d"),
        ("host=h password=s3=cr3t", "host=h password=***"),
        ("host=h pasword=s3cr3t", "host=h ***"),
        ("host=h sslpassword=s3cr3t port=1", "host=h sslpassword=*** port=1"),
        ("--warehouse=host=h password=s3cr3t", "--warehouse=host=h password=***"),
        ("spec.stores.w.url=host=h password=s3cr3t", "spec.stores.w.url=host=h password=***"),
        ("spec.stores.w.url=postgresql://u:s3cr3t@h", "spec.stores.w.url=postgresql://***@h"),
        ("password=s3cr3t and more", "password=***"),
        ("token=s3cr3t", "token=***"),
    ]

    static let harmless = [
        "", "=", "://", "memory:", "sqlite:.weir/raw.sqlite", "sqlite:/a@b:c?max_pages=4",
        "spec.stages.ingest.batch=64", "workers=4", "--console-token-file=/run/token",
        "2026-01-01T00:00:00Z", "redis:6379", "mongodb://127.0.0.1:27017/weir", "ann@example.com",
        "postgresql:///weir?host=/run/postgresql", "a=b c=d", "http://127.0.0.1:9090/base",
    ]

    @Test(arguments: values)
    func `of a value what is not known to be harmless is hidden`(value: String, shown: String) {
        #expect(SecretText.masked(value: value) == shown)
        #expect(SecretText.masked(value: shown) == shown, "hidden once is hidden")
        for place in SecretText.secrets(in: value) {
            #expect(place.upperBound <= value.utf8.count)
        }
    }

    @Test(arguments: harmless)
    func `what is harmless stays`(value: String) {
        #expect(SecretText.masked(value: value) == value)
        #expect(SecretText.masked("'\(value)' is there") == "'\(value)' is there")
    }

    /// Without those that only whoever knows the whole value can tell from words.
    @Test(arguments: values.filter { !$0.value.contains(" ") && $0.value.contains("://") })
    func `a URL among words is hidden as well`(value: String, shown: String) {
        guard !value.contains("'") else { return }
        for text in ["no '\(value)' here", "\(value): no such file", "x\n\(value)\ny"] {
            #expect(!SecretText.masked(text).contains("s3"), "\(SecretText.masked(text))")
        }
    }

    @Test func `the forms that messages speak of stay, and so do pages`() {
        for text in [
            "expected mongodb://[user:password@]host[:port][/database][?options], with",
            "expected postgresql://<user>:<password>@<host>:<port>/<database>?schema=<schema>",
            "mongodb://… or postgresql://…", "see https://wiki.example/slo?page=1#burn, please",
        ] {
            #expect(SecretText.masked(text) == text)
        }
    }

    @Test func `a report shows no secret in any form`() throws {
        let secret = "postgresql://u:s3cr3t@h/d?password=s3cr3t"
        let document = ReportDocument(
            kind: secret,
            title: secret,
            subject: "run",
            verdict: .init(secret),
            facts: [.init(secret, .init(secret), remark: secret)],
            sections: [
                .init(
                    title: secret,
                    blocks: [
                        .note(.init(secret)), .facts([.init(secret, .init(secret))]),
                        .table(
                            .init(
                                caption: secret,
                                columns: [.text(secret)],
                                rows: [[.init(secret)]]
                            )
                        ),
                        .list(title: secret, items: [secret], more: 0),
                    ]
                )
            ],
            footer: secret
        )
        for text in [document.text(colour: false), document.markdown(), document.html()] {
            #expect(!text.contains("s3cr3t"))
            #expect(text.contains("h/d"))
        }
        #expect(try !JSONText.write([secret: secret]).contains("s3cr3t"))
    }
}
