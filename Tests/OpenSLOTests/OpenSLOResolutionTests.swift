import Documents
import Foundation
import ObjectiveSamples
import OpenSLO
import SLO
import Testing
import Timekeeping

/// What documents come to once their references are followed.
@Suite struct OpenSLOResolutionTests {
    private func source(_ file: String, _ text: String) -> OpenSLO.SourceText {
        OpenSLO.SourceText(file: file, text: text)
    }

    private func service(_ name: String) -> String {
        "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: \(name)}\nspec: {}\n"
    }

    @Test func `documents of several files refer to each other in any order`() throws {
        let documents = minimalSet.components(separatedBy: "---\n")
        let files = documents.reversed().enumerated().map { source("\($0)", $1) }
        let together = try reading(minimalSet).checked().objectives
        #expect(try OpenSLO.read(files).checked().objectives == together)
    }

    @Test func `a list of documents is read as a stream of them is`() throws {
        let documents = minimalSet.components(separatedBy: "---\n")
        let list = documents.map { document in
            let lines = document.split(separator: "\n")
            return lines.enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }.joined(separator: "\n")
        }
        let together = try reading(minimalSet).checked().objectives
        #expect(try reading(list.joined(separator: "\n")).checked().objectives == together)
    }

    @Test func `of two documents with one name the second is named with the place of the first`() {
        let result = OpenSLO.read([source("b", service("x")), source("a", service("x"))])
        #expect(
            result.mistakes.map(\.description) == [
                "a:3:18: the Service 'x' is declared a second time, after b:3:18; expected another "
                    + "name"
            ]
        )
    }

    @Test func `mistakes of all files are told at once, in the order of their places`() {
        let result = OpenSLO.read([
            source("b", service("B")), source("a", service("A") + "x: 1\n"), source("c", "["),
        ])
        let places = result.mistakes.map { "\($0.file):\($0.line):\($0.column)" }
        #expect(places == ["a:3:18", "a:5:1", "b:3:18", "c:1:2"])
        #expect(throws: DocumentError(result.mistakes)) { try result.checked() }
    }

    @Test func `an SLO of several targets is an objective for each`() throws {
        let parts =
            "[{displayName: Good, target: 0.98}, {displayName: Very good!, target: 0.999}, "
            + "{target: 0.9999}]"
        let text = minimalSet.replacing("[{displayName: Good, target: 0.999}]", with: parts)
            .replacing("name: checkout-availability", with: "name: ok, displayName: Checkout")
        let objectives = try reading(text).checked().objectives
        #expect(objectives.map(\.name) == ["ok-good", "ok-very-good", "ok-3"])
        #expect(
            objectives.map(\.displayName) == [
                "Checkout, Good", "Checkout, Very good!", "Checkout",
            ]
        )
        #expect(objectives.map(\.target.description) == ["0.98", "0.999", "0.9999"])
        #expect(Set(objectives.map { $0.alertPolicies.count }) == [1])
    }

    @Test func `an indicator on every objective makes a composite`() throws {
        let part = "{target: 0.9, indicatorRef: checkout-ok-ratio"
        let parts =
            "[\(part), timeSliceTarget: 0.5, timeSliceWindow: 1m, compositeWeight: 0.25}, "
            + "\(part), timeSliceTarget: 0.75, timeSliceWindow: 1m}]"
        let text = minimalSet.replacing("[{displayName: Good, target: 0.999}]", with: parts)
            .replacing("  indicatorRef: checkout-ok-ratio\n", with: "")
            .replacing("Occurrences", with: "Timeslices")
        let objective = try #require(try reading(text).checked().objectives.first)
        #expect(objective.isComposite)
        #expect(objective.name == "checkout-availability")
        let half = try #require(ExactDecimal("0.5"))
        #expect(objective.budgeting == .timeslices(window: .seconds(60), target: half))
        #expect(
            objective.components.map(\.name) == ["checkout-ok-ratio", "checkout-ok-ratio-2"]
        )
        #expect(objective.components.map(\.weight.description) == ["0.25", "1"])
        #expect(objective.components.map { $0.sliceTarget?.description } == [nil, "0.75"])
    }

    @Test func `the owner of an SLO is its own, else that of its service`() throws {
        let owned = minimalSet.replacing(
            "metadata: {name: checkout}",
            with: "metadata: {name: checkout, annotations: {weir.dev/owner: shop}}"
        )
        #expect(try reading(owned).checked().objectives.first?.owner == "shop")
        let own = owned.replacing(
            "metadata: {name: checkout-availability}",
            with: "metadata: {name: checkout-availability, annotations: {weir.dev/owner: data}}"
        )
        #expect(try reading(own).checked().objectives.first?.owner == "data")
    }

    @Test func `annotations say what the version has no field for`() throws {
        let maintenance = "2026-01-10 02:00:00 Europe/Berlin for 2h every 1w: patches"
        let text = minimalSet.replacing(
            "metadata: {name: checkout-availability}",
            with: "metadata: {name: checkout-availability, annotations: {"
                + "weir.dev/minimum-events: \"100\", weir.dev/revision-note: \"higher, at last\", "
                + "weir.dev/maintenance: \"\(maintenance); \(maintenance)\"}}"
        )
        .replacing(
            "metadata: {name: fast-burn-1h}",
            with: "metadata: {name: fast-burn-1h, annotations: {weir.dev/tier: fast, "
                + "weir.dev/short-window: 5m, weir.dev/minimum-events: \"7\"}}"
        )
        .replacing(
            "metadata: {name: checkout-page}",
            with: "metadata: {name: checkout-page, annotations: {"
                + "weir.dev/alert-when-exhausted: \"true\", weir.dev/no-data-after: 10m}}"
        )
        .replacing("alertWhenBreaching: true", with: "alertWhenNoData: true")
        let set = try reading(text).checked()
        let entry = try #require(set.entries.first)
        #expect(entry.revisionNote == "higher, at last")
        #expect(entry.objective.minimumEvents == 100)
        let window = MaintenanceWindow(
            reason: "patches",
            start: try #require(CivilDateTime("2026-01-10 02:00:00")),
            zone: try CivilZone(named: "Europe/Berlin"),
            duration: .seconds(7200),
            every: CalendarPeriod(count: 1, unit: .week)
        )
        #expect(entry.objective.maintenance == [window, window])
        let factor = try #require(ExactDecimal("14.4"))
        #expect(
            entry.objective.alertPolicies.first?.rules == [
                .burnRate(
                    BurnRateAlert(
                        longWindow: .seconds(3600),
                        shortWindow: .seconds(300),
                        factor: factor,
                        alertAfter: .seconds(300),
                        tier: .fast,
                        severity: "page",
                        minimumEvents: 7
                    )
                ),
                .budgetExhausted(BudgetExhaustedAlert(severity: "page")),
                .noData(NoDataAlert(after: .seconds(600), severity: "page")),
            ]
        )
    }

    @Test func `tiers are the Workbook's pairs fitted to the period`() throws {
        let text = minimalSet.replacing(
            "metadata: {name: checkout-page}",
            with: "metadata: {name: checkout-page, annotations: {weir.dev/tiers: \"slow, fast\"}}"
        )
        .replacing("duration: 30d", with: "duration: 60d")
        let objective = try #require(try reading(text).checked().objectives.first)
        let alerts = objective.alertPolicies.flatMap(\.rules).compactMap { rule in
            if case .burnRate(let alert) = rule { alert } else { nil }
        }
        #expect(alerts.map(\.tier) == [.fast, .slow])
        #expect(alerts.map(\.longWindow) == [.seconds(7200), .seconds(2 * 86_400)])
        #expect(alerts.map(\.severity) == ["page", "page"])
    }

    @Test func `a directory is read in the order of its files' names`() throws {
        let files = try OpenSLO.files(at: [repositoryFile("slo/storefront")])
        let names = files.compactMap { $0.file.split(separator: "/").last.map(String.init) }
        #expect(
            names == [
                "alerting.yaml", "availability.yaml", "freshness.yaml", "message-success.yaml",
                "mongodb-connections.yaml", "processing-latency.yaml", "services.yaml",
            ]
        )
        let again = try OpenSLO.files(
            at: [repositoryFile("slo/storefront"), repositoryFile("slo/storefront")]
        )
        #expect(again.count == files.count)
    }

    @Test func `a path that is not there is named`() {
        #expect(throws: DocumentError.self) { try OpenSLO.files(at: ["/no/such/file.yaml"]) }
        let folder = repositoryFile("Sources/OpenSLO")
        #expect(
            throws: DocumentError(
                .notFound,
                "\(folder): there is no YAML file in this directory; expected an OpenSLO file in it"
            )
        ) { try OpenSLO.files(at: [folder]) }
    }
}
