import Foundation
import Testing

@Suite(.timeLimit(.minutes(20)))
struct RefusalTests {
    static let documents: [BadCommand] = [
        .document(
            "a misspelt key",
            Pipelines.shop([("ackDeadlineSeconds", "ackDeadlineSecond")]),
            "wrong.yaml:9:7: unknown key 'ackDeadlineSecond'",
            "did you mean 'ackDeadlineSeconds'?"
        ),
        .document(
            "an unknown key",
            Pipelines.shop([("kind: Pipeline", "kind: Pipeline\nflavour: sweet")]),
            "wrong.yaml:3:1: unknown key 'flavour'"
        ),
        .document(
            "a wrong type",
            Pipelines.shop([("batch: 512", "batch: many")]),
            "wrong.yaml:13:77: 'batch' is 'many'; expected a whole number"
        ),
        .document(
            "a dangling topic",
            Pipelines.shop([("name: analytics, topic: events", "name: analytics, topic: event")]),
            "wrong.yaml:10:32: there is no topic 'event'; did you mean 'events'?"
        ),
        .document(
            "a circle",
            Pipelines.circle,
            "wrong.yaml:12:66: messages go in a circle:",
            "topic one → stage there → two → stage back → one"
        ),
        .document(
            "a negative rate",
            Pipelines.shop([("rate: 1000", "rate: -5")]),
            "wrong.yaml:23:33: 'rate' is -5; expected events per second, from 0.000001"
        ),
        .document(
            "an absurd rate",
            Pipelines.shop([("rate: 1000", "rate: 1e15")]),
            "wrong.yaml:23:33: 'rate' is 1e15",
            "to 1000000000"
        ),
        .document(
            "an arrival process that is not one",
            Pipelines.shop([("arrivals: uniform", "arrivals: unifrom")]),
            "wrong.yaml:23:49: 'arrivals' is 'unifrom'; did you mean 'uniform'?"
        ),
        .document("no YAML", "a: [1, 2\nb: }", "wrong.yaml:2:2: not YAML"),
        .document("an empty file", "", "wrong.yaml:1:1: the document is empty"),
        .document(
            "several mistakes at once",
            Pipelines.shop([
                ("ackDeadlineSeconds", "ackDeadlineSecond"),
                ("name: analytics, topic: events", "name: analytics, topic: event"),
                ("batch: 512", "batch: many"),
                ("allowedLateness", "alowedLateness"),
                ("rate: 1000", "rate: -5"),
            ]),
            "wrong.yaml:9:7:",
            "wrong.yaml:10:32:",
            "wrong.yaml:13:77:",
            "wrong.yaml:18:7:",
            "wrong.yaml:23:33:"
        ),
    ]

    static let options: [BadCommand] = [
        .options(
            "an unknown option",
            ["--duraton", "5s"],
            exitCode: 64,
            "Did you mean '--duration'?"
        ),
        .options("a negative rate", ["--rate", "-5"], exitCode: 64, "--rate", "above 0"),
        .options("a rate of nothing", ["--rate", "0"], exitCode: 64, "--rate", "above 0"),
        .options("an absurd rate", ["--rate", "1e12"], exitCode: 64, "to 1000000000"),
        .options("a rate too small", ["--rate", "1e-9"], exitCode: 64, "from 0.000001"),
        .options("a duration too long", ["--duration", "99999d"], exitCode: 64, "at most 36500d"),
        .options("figures for nobody", ["--linger", "1s"], exitCode: 64, "--linger needs --serve"),
        .options("a rate that is no number", ["--rate", "fast"], exitCode: 64, "fast", "--rate"),
        .options("no events", ["--events", "0"], exitCode: 64, "--events must be from 1"),
        .options("a duration without a unit", ["--duration", "5"], exitCode: 64, "60s or 5m"),
        .options("a speed of nothing to replay", ["--speed", "5"], exitCode: 64, "--input"),
        .options(
            "a rate for a log",
            ["--input", "@file", "--rate", "5"],
            exitCode: 64,
            "use --speed with --input"
        ),
        .options(
            "a report of an unknown kind",
            ["--report", "@report.pdf"],
            exitCode: 64,
            "report.pdf",
            ".json, .md, .html or .txt"
        ),
        .options("an unknown format", ["--format", "xml"], exitCode: 64, "'text' and 'json'"),
        .options("an unknown level", ["--log-level", "all"], exitCode: 64, "'debug'", "'error'"),
        .options(
            "an unknown kind of store",
            ["--events", "1", "--raw", "redis:6379"],
            exitCode: 64,
            "\"redis:…\"",
            "expected sqlite:<path>"
        ),
        .options(
            "an unknown parameter of a store",
            ["--events", "1", "--raw", "sqlite:@raw.sqlite?max_page=5"],
            exitCode: 64,
            "max_pages"
        ),
        .options(
            "an input that is missing",
            ["--input", "@nothing.ndjson"],
            exitCode: 66,
            "@nothing.ndjson: no such file"
        ),
        .options(
            "a folder for an input",
            ["--input", "@", "--input-format", "ndjson"],
            exitCode: 66,
            "is a directory"
        ),
        .options(
            "an input of a format that its name does not tell",
            ["--input", "@file"],
            exitCode: 65,
            "cdnow, ndjson, csv"
        ),
        .options(
            "a CSV file without a mapping",
            ["--input", "@file", "--input-format", "csv"],
            exitCode: 65,
            "mapping"
        ),
        .options("an address that is none", ["--serve", "nowhere"], exitCode: 64, "nowhere"),
        .options(
            "an address that others reach, without a token",
            ["--events", "1", "--serve", "0.0.0.0:0"],
            exitCode: 64,
            "0.0.0.0:0 can be reached from other machines",
            "WEIR_CONSOLE_TOKEN"
        ),
        .options(
            "a file without a token",
            ["--events", "1", "--serve", "--console-token-file", "@file"],
            exitCode: 64,
            "@file holds no token"
        ),
        .options(
            "a token file that is missing",
            ["--events", "1", "--serve", "--console-token-file", "@nothing"],
            exitCode: 66,
            "@nothing cannot be read"
        ),
        .options(
            "a token for nobody",
            ["--events", "1", "--console-token-file", "@file"],
            exitCode: 64,
            "needs --serve"
        ),
    ]

    static let commands: [BadCommand] = [
        BadCommand(
            title: "an empty file for a warehouse",
            files: ["empty.sqlite": ""],
            arguments: [
                "slo", "status", "--warehouse", "sqlite:@empty.sqlite", "--objectives",
                Program.packageRoot.appending(path: "slo/storefront").path,
            ],
            exitCode: 66,
            fragments: ["@empty.sqlite is empty; expected a warehouse"]
        ),
        BadCommand(
            title: "a simulated time too long",
            arguments: ["simulate", "@nothing.yaml", "--for", "999999d"],
            exitCode: 64,
            fragments: ["'--for", "at most 400d"]
        ),
        BadCommand(
            title: "a simulated time a little too long",
            arguments: ["simulate", "@nothing.yaml", "--for", "401d"],
            exitCode: 64,
            fragments: ["--for must be at most 400d"]
        ),
        BadCommand(
            title: "a rate too small for virtual time",
            arguments: ["simulate", "@nothing.yaml", "--for", "1d", "--rate", "1e-9"],
            exitCode: 64,
            fragments: ["--rate must be above 0, from 0.000001 to 1000000000"]
        ),
        BadCommand(
            title: "a first seed from which seeds cannot be counted",
            arguments: ["simulate", "@nothing.yaml", "--seeds", "2", "--seed"]
                + ["18446744073709551615"],
            exitCode: 64,
            fragments: ["--seed must be at most 18446744073708551615 with --seeds"]
        ),
        BadCommand(
            title: "a pipeline that is missing",
            arguments: ["run", "@nothing.yaml"],
            exitCode: 66,
            fragments: ["@nothing.yaml: there is no such file"]
        ),
        BadCommand(
            title: "a folder for a pipeline",
            arguments: ["run", "@"],
            exitCode: 66,
            fragments: ["is a directory"]
        ),
        BadCommand(
            title: "an unknown verb",
            arguments: ["rum"],
            exitCode: 64,
            fragments: ["rum", "weir --help"]
        ),
        BadCommand(
            title: "no pipeline",
            arguments: ["run"],
            exitCode: 64,
            fragments: ["<pipeline>"]
        ),
        BadCommand(
            title: "an unknown kind of store in the environment",
            files: ["shop.yaml": Pipelines.shop],
            arguments: ["run", "@shop.yaml", "--events", "1"],
            environment: ["WEIR_WAREHOUSE_URL": "oracle:x"],
            exitCode: 64,
            fragments: ["\"oracle:…\""]
        ),
        BadCommand(
            title: "a token in the environment that anyone could guess",
            files: ["shop.yaml": Pipelines.shop],
            arguments: ["run", "@shop.yaml", "--events", "1", "--serve", "0.0.0.0:0"],
            environment: ["WEIR_CONSOLE_TOKEN": "secret"],
            exitCode: 64,
            fragments: ["WEIR_CONSOLE_TOKEN holds no token; expected 16 to 1024"]
        ),
        BadCommand(
            title: "a warehouse to serve that is missing",
            arguments: [
                "serve", "127.0.0.1:0", "--warehouse", "sqlite:@none.sqlite", "--objectives",
                Program.packageRoot.appending(path: "slo/storefront").path,
            ],
            exitCode: 66,
            fragments: ["there is no warehouse at @none.sqlite"]
        ),
    ]

    @Test(arguments: documents)
    func `a wrong pipeline file is refused by line and column`(
        _ command: BadCommand
    )
        async throws
    {
        try await command.check()
    }

    @Test(arguments: options)
    func `a wrong option is refused`(_ command: BadCommand) async throws {
        try await command.check()
    }

    @Test(arguments: commands)
    func `a wrong command is refused`(_ command: BadCommand) async throws {
        try await command.check()
    }

    @Test(arguments: ["mongodb", "postgresql", "nats", "sqlite3"])
    func `a password in a URL appears in no output`(scheme: String) async throws {
        let url = "\(scheme)://ann:s3cr3t@db.example:27017/shop?password=s3cr3t"
        for option in ["--raw", "--warehouse"] {
            let ending = try await Program.run([
                "run", Program.storefront, "--events", "1", option, url,
                option == "--raw" ? "--warehouse" : "--raw", "memory:", "--log-level", "debug",
            ])
            let isTaken = scheme == (option == "--raw" ? "mongodb" : "postgresql")
            #expect(ending.exitCode == (isTaken ? 69 : 64))
            #expect(ending.errors.contains(isTaken ? "db.example:27017" : scheme))
            #expect(!(ending.errors + ending.output).contains("s3cr3t"))
            #expect(!(ending.errors + ending.output).contains("ann:"))
        }
        let ending = try await Program.run(
            ["run", Program.storefront, "--events", "1"],
            environment: ["WEIR_RAW_URL": url, "WEIR_WAREHOUSE_URL": "memory:"]
        )
        #expect(ending.exitCode == (scheme == "mongodb" ? 69 : 64))
        #expect(!(ending.errors + ending.output).contains("s3cr3t"))
    }
}
