import Foundation
import Testing

@Suite(.timeLimit(.minutes(20)))
struct CommandLineTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    @Test func `results go to standard output, everything else to standard error`()
        async throws
    {
        let ending = try await Program.run([
            "run", Program.storefront, "--events", "500", "--rate", "500",
            "--raw", "memory:", "--warehouse", "memory:", "--report", folder.path("report.md"),
        ])
        #expect(ending.exitCode == 0)
        #expect(ending.errors == "report: \(folder.path("report.md"))\n")
        for word in ["storefront", "completed", "sales", "Stages", "Objectives"] {
            #expect(ending.output.contains(word), "\(word)")
        }
        // Where the machine is too busy for a healthy run, it has more to say.
        let lines = ending.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= (ending.output.contains("✓ completed") ? 25 : 40))
        #expect(ending.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
        // A pipe gets neither the live line nor colours, though the run took a second.
        for escape in ["\u{1b}", "\r"] {
            #expect(!ending.output.contains(escape))
            #expect(!ending.errors.contains(escape))
        }
    }

    @Test func `what another process of the same id left behind is not spoken of`() async throws {
        // A killed process leaves the shared memory of its counters in its name; libmongoc, which
        // the program is linked to, warns of it as soon as it is loaded.
        let script = """
            left="/dev/shm/mongoc-$$"
            touch "$left" && echo "$left" && exec weir --help
            """
        let ending = try await Program.run(["-c", script], through: "bash")
        let left = try #require(ending.output.split(separator: "\n").first)
        try FileManager.default.removeItem(atPath: String(left))
        #expect(ending.exitCode == 0)
        #expect(ending.errors.isEmpty)
    }

    @Test func `the summary as JSON is one object with a version`() async throws {
        let ending = try await folder.run([Program.storefront, "--events", "100", "--rate", "max"])
        #expect(ending.exitCode == 0)
        #expect(ending.errors.isEmpty)
        let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
        let object = try #require(json as? [String: Any])
        #expect(object["schema_version"] as? Int == 1)
        #expect(object["outcome"] as? String == "completed")
        #expect(try ending.report.published == 100)
        for key in object.keys {
            #expect(key.wholeMatch(of: #/[a-z][a-z0-9_]*/#) != nil, "\(key)")
        }
    }

    @Test func `a report is written in each of the four formats`() async throws {
        let names = ["deep/er/report.json", "report.md", "report.html", "report.txt"]
        let ending = try await folder.run(
            [Program.storefront, "--events", "300", "--rate", "max"]
                + names.flatMap { ["--report", folder.path($0)] }
        )
        #expect(ending.exitCode == 0)
        for name in names {
            #expect(ending.errors.contains("report: \(folder.path(name))\n"))
        }
        let json = try folder.text(of: names[0])
        #expect(try Report(json: Data(json.utf8)).published == 300)
        #expect(
            json.trimmingCharacters(in: .newlines)
                == ending.output.trimmingCharacters(in: .newlines)
        )
        #expect(try folder.text(of: names[1]).contains("# "))
        let page = try folder.text(of: names[2])
        #expect(page.contains("<!DOCTYPE html>"))
        #expect(page.contains("<svg"))
        // One file: nothing is fetched from elsewhere.
        for reference in ["src=\"http", "href=\"http", "@import", "<link"] {
            #expect(!page.contains(reference))
        }
        #expect(try folder.text(of: names[3]).contains("Conservation"))
    }

    @Test func `a report that cannot be written fails the run, which stays done`() async throws {
        let file = try folder.write("file", "a regular file")
        let ending = try await folder.run([
            Program.storefront, "--events", "10", "--rate", "max", "--report", "\(file)/report.md",
        ])
        #expect(ending.exitCode == 69)
        #expect(ending.errors.contains("the report \(file)/report.md cannot be written"))
        #expect(try folder.raw.number("SELECT count(*) FROM raw_events") == 10)
    }

    @Test(
        arguments: [
            ("> /dev/full", 69, "standard output cannot be written to"),
            (">&-", 69, "standard output cannot be written to"),
            ("2> /dev/full", 0, ""),
            ("2>&-", 0, ""),
        ]
    )
    func `output that cannot be written is no crash`(
        redirection: String,
        exitCode: Int32,
        message: String
    ) async throws {
        let command =
            "weir run '\(Program.storefront)' --events 100 --rate max "
            + "--raw memory: --warehouse memory: --log-level debug \(redirection)"
        let ending = try await Program.run(["-c", command], through: "sh")
        #expect(ending.exitCode == exitCode)
        #expect(ending.errors.contains(message) || message.isEmpty)
    }

    /// What is asked for is the result, be it help.
    @Test(arguments: [
        "--help", "--version", "run --help", "slo rules", "invariants list",
        "new slo a --to a.yaml",
        "slo lint slo.yaml", "--generate-completion-script bash", "simulate shop.yaml --for 1s",
    ])
    func `a result that cannot be written is no success`(command: String) async throws {
        let root = Program.packageRoot.path
        try folder.write(
            "slo.yaml",
            """
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: web}
            spec:
              service: shop
              budgetingMethod: Occurrences
              timeWindow: [{duration: 1d, isRolling: true}]
              indicator:
                metadata: {name: web}
                spec:
                  ratioMetric:
                    counter: true
                    good: {metricSource: {type: weir, spec: {meter: pipeline.messages.good}}}
                    total: {metricSource: {type: weir, spec: {meter: pipeline.messages.total}}}
              objectives: [{target: 0.99}]
            """
        )
        try folder.write("shop.yaml", Pipelines.shop)
        let script = """
            ln -sfn '\(root)/slo' slo
            exec weir \(command) > /dev/full
            """
        let ending = try await Program.run(["-c", script], through: "sh", in: folder)
        #expect(ending.exitCode == 69)
        #expect(ending.errors.contains("standard output cannot be written to"), "\(ending.errors)")
    }

    /// As every other tool that `head` reads from.
    @Test(arguments: [
        "--version", "run --help", "slo rules",
        "run pipelines/storefront.yaml --events 100 --rate max --raw memory: --warehouse memory:",
    ])
    func `a pipe that nothing reads any more ends a command without a word`(
        command: String
    ) async throws {
        let root = Program.packageRoot.path
        let script = """
            ln -sfn '\(root)/slo' slo; ln -sfn '\(root)/pipelines' pipelines
            { sleep 0.5; weir \(command); echo "code $?" >&2; } | true
            """
        let ending = try await Program.run(["-c", script], through: "sh", in: folder)
        #expect(ending.errors == "code 141\n")
    }

    @Test func `a report goes through a link, a pipe and a device, which stay what they are`()
        async throws
    {
        let target = try folder.write("target.txt", "before")
        let script = """
            ln -s '\(target)' link.json && ln -s /dev/null null.json && mkfifo pipe.json
            cat pipe.json > piped.txt & sleep 0.2
            weir run '\(Program.storefront)' --events 10 --rate max --raw memory: \
                --warehouse memory: --format json \
                --report link.json --report null.json --report pipe.json || exit
            wait
            test -L link.json && test -L null.json && test -p pipe.json && test -c /dev/null
            """
        let ending = try await Program.run(["-c", script], through: "bash", in: folder)
        #expect(ending.exitCode == 0, "\(ending.errors)")
        for name in ["target.txt", "piped.txt"] {
            let report = try Report(json: Data(try folder.text(of: name).utf8))
            #expect(report.published == 10)
        }
    }

    @Test func `a report for a pipe that nobody reads is no success, and no wait`() async throws {
        let script = """
            mkfifo pipe.json
            exec weir run '\(Program.storefront)' --events 10 --rate max --raw memory: \
                --warehouse memory: --report pipe.json
            """
        let ending = try await Program.run(["-c", script], through: "bash", in: folder)
        #expect(ending.exitCode == 69)
        #expect(ending.errors.contains("nothing reads from the pipe"))
    }

    /// 320 blocks of 1,024 bytes, in which there is room for the tables and few events.
    @Test func `a file that may grow no further is an error, and no death`() async throws {
        let script = """
            ulimit -f 320
            exec weir run '\(Program.storefront)' --events 20000 --rate max \
                --raw sqlite:raw.sqlite --warehouse memory: --format json
            """
        let ending = try await Program.run(["-c", script], through: "bash", in: folder)
        #expect(ending.exitCode == 69, "\(ending.errors)")
        #expect(ending.errors.contains("raw.sqlite"))
        let report = try ending.report
        #expect(report.outcome == "failed")
        #expect(report.isConserved)
    }

    @Test func `store URLs come from the environment where no option gives them`() async throws {
        let ending = try await Program.run(
            ["run", Program.storefront, "--events", "50", "--rate", "max"],
            environment: [
                "WEIR_RAW_URL": "sqlite:\(folder.raw.path)",
                "WEIR_WAREHOUSE_URL": "sqlite:\(folder.warehouse.path)",
            ]
        )
        #expect(ending.exitCode == 0)
        #expect(try folder.raw.number("SELECT count(*) FROM raw_events") == 50)
        #expect(try folder.warehouse.number("SELECT count(*) FROM progress") >= 1)
    }

    @Test func `the same seed gives the same shop, and standard input is an input`() async throws {
        func shop(_ seed: String) async throws -> [String] {
            let ending = try await Program.run([
                "run", Program.storefront, "--events", "8000", "--rate", "max", "--seed", seed,
                "--raw", "memory:", "--warehouse", "memory:", "--format", "json",
            ])
            let totals = try #require(try ending.report.warehouse?.totals)
            #expect(totals.orders > 10)
            return totals.events.map { "\($0.key) \($0.value)" }.sorted()
                + totals.sales.map(\.revenue)
        }
        let first = try await shop("7")
        #expect(try await shop("7") == first)
        #expect(try await shop("8") != first)

        let piped = try await Program.run(
            [
                "run", Program.storefront, "--input", "-", "--input-format", "ndjson",
                "--raw", "memory:", "--warehouse", "memory:", "--format", "json",
            ],
            input: Array(ShopLog.line(id: "a", transaction: "t1", cents: 700).utf8)
        )
        #expect(piped.exitCode == 0, "\(piped.errors)")
        #expect(try piped.report.warehouse?.totals.sales.map(\.revenue) == ["7.00"])
    }

    @Test func `bash completes commands, and files where an option takes one`() async throws {
        try folder.write("storefront.yaml", "")
        try folder.write("storefront.txt", "")
        let script = """
            source <(weir --generate-completion-script bash)
            complete_line() {
                read -r -a COMP_WORDS <<< "$1"
                COMP_LINE="$1"; COMP_POINT=${#COMP_LINE}; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                COMPREPLY=()
                _weir weir "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2> /dev/null
                echo "${COMPREPLY[*]}"
            }
            complete_line "weir si"
            complete_line "weir simulate store"
            complete_line "weir simulate storefront.yaml --scenario store"
            complete_line "weir slo exp"
            """
        let ending = try await Program.run(["-c", script], through: "bash", in: folder)
        let lines = ending.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines.prefix(4) == [
                "simulate", "storefront.yaml", "storefront.yaml", "explain export",
            ],
            "\(ending.output) \(ending.errors)"
        )
    }

    /// `script` of util-linux, which Debian always has, gives the program a terminal.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")))
    func `a terminal gets a live line and colours, unless NO_COLOR is set`() async throws {
        let command =
            "weir run '\(Program.storefront)' --rate 500 --duration 1s "
            + "--raw memory: --warehouse memory:"
        let colour = #/\x{1b}\[[0-9;]*m/#
        let coloured = try await Program.run(["-qec", command, "/dev/null"], through: "script")
        #expect(coloured.exitCode == 0, "\(coloured.output) \(coloured.errors)")
        #expect(coloured.output.contains("\r\u{1b}[K"))
        #expect(coloured.output.contains("/s  ·  oldest "))
        #expect(coloured.output.contains(colour))
        let plain = try await Program.run(
            ["-qec", command, "/dev/null"],
            environment: ["NO_COLOR": "1"],
            through: "script"
        )
        #expect(plain.exitCode == 0)
        #expect(!plain.output.contains(colour))
    }
}
