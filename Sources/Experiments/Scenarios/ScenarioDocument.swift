package import Documents
package import Pipeline
internal import Synchronization
package import Timekeeping

/// What goes wrong in a run, as a file describes it: `apiVersion: weir/v1`, `kind: Scenario`.
///
/// Every target is something of the pipeline that the kind of fault can happen to, and no fault
/// meets itself: ``parse(text:file:for:lasting:)`` sees to that.
package struct ScenarioDocument: Hashable, Sendable {
    /// When a fault is there.
    package enum Timing: Hashable, Sendable {
        /// Once, so long after the start of the run.
        case once(at: Duration, lasting: Duration)
        /// Again and again: from the end of one to the start of the next it takes an exponential
        /// time of this mean.
        case recurring(meanGap: Duration, lasting: Duration)
    }

    /// One fault, with everything that a document can say of one.
    package struct Fault: Hashable, Sendable {
        /// Unique in the scenario.
        package var name: String
        package var kind: FaultKind
        /// What the pipeline calls that which it happens to.
        package var target: String
        package var place: FaultKind.Place
        package var timing: Timing
        /// From 0 to 1.
        package var share = 1.0
        package var by = Duration.zero
        package var factor = 1.0
        package var limit = 0
        package var every: Duration?
    }

    package var name: String
    /// What it teaches.
    package var description: String?
    package var faults: [Fault] = []

    /// The most that one of its faults multiplies the load by; nil where none does.
    var highestLoadFactor: Double? { faults.filter(\.kind.isTraffic).map(\.factor).max() }
}

extension ScenarioDocument {
    /// The scenario that the file at `path` describes.
    ///
    /// - Parameters:
    ///   - path: A YAML file.
    ///   - pipeline: What the faults happen to.
    ///   - length: How long the run is to be; nil where that is not known.
    /// - Returns: A scenario of which every fault can happen.
    /// - Throws: ``DocumentError`` with every mistake of the file.
    package static func read(
        path: String,
        for pipeline: PipelineDocument,
        lasting length: Duration?
    ) throws(DocumentError) -> ScenarioDocument {
        let text = try DocumentFile.text(at: path, kind: "a scenario")
        return try parse(text: text, file: path, for: pipeline, lasting: length)
    }

    /// The scenario that `text` describes; `file` is what messages call it.
    ///
    /// - Throws: ``DocumentError`` with every mistake of the text.
    package static func parse(
        text: String,
        file: String,
        for pipeline: PipelineDocument,
        lasting length: Duration?
    ) throws(DocumentError) -> ScenarioDocument {
        let log = MistakeLog(file: file)
        guard let root = DocumentLoader.load(text, log: log) else {
            throw DocumentError(log.mistakes)
        }
        var reader = ScenarioReader(pipeline: pipeline, length: length, log: log)
        let document = reader.read(NodeReader(root, label: "the document", log: log))
        guard log.isClean else { throw DocumentError(log.mistakes) }
        return document
    }
}

/// The keys of a scenario document; its readers and the published JSON Schema both follow them.
package enum ScenarioKeys {
    static let spec = KeySet(
        "spec",
        noun: "the spec",
        required: ["faults"],
        optional: ["description"]
    )
    static let fault = KeySet(
        "fault",
        noun: "a fault",
        required: ["kind", "target", "for"],
        optional: ["name", "at", "random"] + FaultKind.Parameter.allCases.map(\.rawValue)
    )
    static let random = KeySet("random", noun: "a random schedule", required: ["every"])

    /// Every mapping whose keys are fixed.
    package static let all = [.document, .metadata, spec, fault, random]
}

/// Makes a ``ScenarioDocument`` of a document's values.
struct ScenarioReader {
    let pipeline: PipelineDocument
    /// How long the run is to be.
    let length: Duration?
    let log: MistakeLog
    var places: [DocumentPlace] = []

    mutating func read(_ root: NodeReader) -> ScenarioDocument {
        let (name, spec) = root.weirDocument(kind: "Scenario", spec: ScenarioKeys.spec)
        var document = ScenarioDocument(name: name)
        guard let spec else { return document }
        document.description = spec["description"]?.text()
        for item in spec["faults"]?.items() ?? [] {
            guard let fault = readFault(item, after: document.faults) else { continue }
            document.faults.append(fault)
            places.append(item.node.place)
        }
        return document
    }

    private func readFault(
        _ reader: NodeReader,
        after others: [ScenarioDocument.Fault]
    ) -> ScenarioDocument.Fault? {
        guard let fields = reader.fields(ScenarioKeys.fault),
            let kind = fields["kind"]?.choice(of: FaultKind.self)
        else { return nil }
        let (required, optional) = kind.parameters
        fields.check(
            FaultKind.Parameter.allCases.map(\.rawValue),
            required: required.map(\.rawValue),
            optional: optional.map(\.rawValue),
            of: "the fault '\(kind.rawValue)'",
            at: reader
        )
        let timing = readTiming(fields, reader)
        guard let (target, place) = readTarget(fields["target"], kind), let timing else {
            return nil
        }
        var fault = ScenarioDocument.Fault(
            name: fields["name"]?.name() ?? "\(kind.rawValue)-\(others.count + 1)",
            kind: kind,
            target: target,
            place: place,
            timing: timing
        )
        if let first = others.firstIndex(where: { $0.name == fault.name }) {
            reader.mistake(
                "the fault '\(fault.name)' is on line \(places[first].line) already; expected "
                    + "each name once"
            )
        }
        fault.share = fields["share"]?.probability() ?? 1
        // A slow call has to end, for the run waits for it.
        let most = kind == .slow ? Duration.seconds(86_400) : DurationText.longest
        fault.by = fields["by"]?.duration(in: .milliseconds(1)...most) ?? .zero
        fault.factor = readFactor(fields["factor"], kind)
        fault.limit = fields["limit"]?.integer(in: 0...60_000) ?? 0
        fault.every = fields["every"]?.duration(in: .milliseconds(1)...DurationText.longest)
        checkOverlap(of: fault, with: others, at: fields["at"] ?? reader)
        return fault
    }

    private func readFactor(_ reader: NodeReader?, _ kind: FaultKind) -> Double {
        guard let reader else { return 1 }
        if kind == .drought { return reader.probability() ?? 1 }
        let least = kind.isTraffic ? 1 : 0
        return reader.number(expected: "a factor from \(least) to 1000") {
            (Double(least)...1000).contains($0)
        } ?? 1
    }

    // MARK: - When

    private func readTiming(
        _ fields: FieldReader,
        _ reader: NodeReader
    ) -> ScenarioDocument.Timing? {
        let shortest = Duration.milliseconds(1)
        let lasting = fields["for"]?.duration(in: shortest...DurationText.longest)
        switch (fields["at"], fields["random"]) {
        case (nil, nil):
            reader.mistake("a fault needs the key 'at', or 'random' with how often it comes")
            return nil
        case (_?, _?):
            fields.exclude("at", "random")
            return nil
        case (nil, let random?):
            let every = random.fields(ScenarioKeys.random)?["every"]?
                .duration(in: shortest...DurationText.longest)
            guard let lasting, let every else { return nil }
            checkNumber(every, lasting, random)
            return .recurring(meanGap: every, lasting: lasting)
        case (let place?, nil):
            let at = place.duration(in: .zero...DurationText.longest)
            guard let lasting, let at else { return nil }
            checkEnd(at, lasting, place)
            return .once(at: at, lasting: lasting)
        }
    }

    /// All occurrences are planned before the run begins.
    private func checkNumber(_ every: Duration, _ lasting: Duration, _ reader: NodeReader) {
        let run = length ?? FaultPlan.horizon
        let expected = run / (every + lasting)
        guard expected > Double(FaultPlan.most) else { return }
        reader.mistake(
            "the fault comes about \(Int(expected)) times in \(DurationText.write(run)); expected "
                + "it at most \(FaultPlan.most) times: longer gaps, or a shorter run"
        )
    }

    private func checkEnd(_ at: Duration, _ lasting: Duration, _ reader: NodeReader) {
        guard let length else { return }
        let end = DurationText.write(length)
        if at >= length {
            reader.mistake(
                "the fault begins at \(DurationText.write(at)), beyond the end of the run at "
                    + "\(end); expected it earlier, or a longer run"
            )
        } else if at + lasting > length {
            reader.mistake(
                "the fault lasts until \(DurationText.write(at + lasting)), beyond the end of the "
                    + "run at \(end); expected it shorter, or a longer run"
            )
        }
    }

    private func checkOverlap(
        of fault: ScenarioDocument.Fault,
        with others: [ScenarioDocument.Fault],
        at reader: NodeReader
    ) {
        for (index, other) in others.enumerated()
        where other.kind == fault.kind && other.target == fault.target
            && other.place == fault.place
        {
            guard case .once(let start, let lasting) = fault.timing,
                case .once(let otherStart, let otherLasting) = other.timing,
                start >= otherStart + otherLasting || otherStart >= start + lasting
            else {
                reader.mistake(
                    "the fault overlaps that of the same kind and target on line "
                        + "\(places[index].line); expected one after the other"
                )
                return
            }
        }
    }

    // MARK: - Where

    private func readTarget(
        _ reader: NodeReader?,
        _ kind: FaultKind
    ) -> (name: String, place: FaultKind.Place)? {
        guard let reader, let name = reader.name() else { return nil }
        for place in kind.places where pipeline.names(of: place).contains(name) {
            return (name, place)
        }
        let nouns = kind.places.map(\.noun).joined(separator: " or ")
        reader.mistake(
            "'\(shortened(name))' is not \(nouns) of the pipeline, to which '\(kind.rawValue)' "
                + "happens; " + suggestion(for: name, from: kind.places.flatMap(pipeline.names))
        )
        return nil
    }
}

extension PipelineDocument {
    /// What of the pipeline is at `place`, by name.
    func names(of place: FaultKind.Place) -> [String] {
        switch place {
        case .store: stores.map(\.name)
        case .warehouse: stores.filter { $0.role == .warehouse }.map(\.name)
        case .stage: stages.filter { !$0.isProducer }.map(\.name)
        case .subscription: subscriptions.map(\.name)
        case .topic: topics.map(\.name)
        case .producer: stages.filter(\.isProducer).map(\.name)
        }
    }
}

extension ScenarioDocument {
    /// The file that describes it, ending with a newline.
    package var yaml: String {
        var lines = [
            "apiVersion: weir/v1", "kind: Scenario", "metadata: {name: \(name)}", "spec:",
        ]
        if let description { lines.append("  description: \"\(description)\"") }
        lines.append(faults.isEmpty ? "  faults: []" : "  faults:")
        for fault in faults {
            let fields = fault.fields.map { "\($0.key): \($0.value)" }
            lines.append("    - {\(fields.joined(separator: ", "))}")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension ScenarioDocument.Fault {
    /// What its mapping says, in the order in which people write it.
    fileprivate var fields: [(key: String, value: String)] {
        var fields = [("kind", kind.rawValue), ("target", target)]
        switch timing {
        case .once(let at, let lasting):
            fields += [("at", DurationText.write(at)), ("for", DurationText.write(lasting))]
        case .recurring(let meanGap, let lasting):
            fields += [
                ("random", "{every: \(DurationText.write(meanGap))}"),
                ("for", DurationText.write(lasting)),
            ]
        }
        let (required, optional) = kind.parameters
        for parameter in required + optional {
            switch parameter {
            case .share: if share != 1 { fields.append(("share", "\(share)")) }
            case .by: fields.append(("by", DurationText.write(by)))
            case .factor: fields.append(("factor", "\(factor)"))
            case .limit: fields.append(("limit", "\(limit)"))
            case .every: if let every { fields.append(("every", DurationText.write(every))) }
            }
        }
        return fields.map { (key: $0.0, value: $0.1) }
    }
}

/// When each fault of a run comes and goes.
///
/// A pure function of the scenario, the seed and the start of the run.
package struct FaultPlan: Sendable {
    /// One time that a fault is there.
    package struct Occurrence: Hashable, Sendable {
        /// Its place in ``FaultPlan/occurrences``.
        package var number: Int
        package var fault: ScenarioDocument.Fault
        package var range: Range<Timestamp>
    }

    /// By their starts.
    package let occurrences: [Occurrence]
    package let seed: UInt64

    /// How long a run of unknown length is planned ahead.
    static let horizon = Duration.seconds(30 * 86_400)
    /// How often one fault may come, on average: all its times are held in memory.
    static let most = 10_000

    /// The plan of a run from `start` on, of a `length` that may be unknown.
    package init(
        _ scenario: ScenarioDocument,
        start: Timestamp,
        lasting length: Duration?,
        seed: UInt64
    ) {
        self.seed = seed
        let end = start + (length ?? FaultPlan.horizon)
        var found: [(fault: Int, range: Range<Timestamp>)] = []
        for (index, fault) in scenario.faults.enumerated() {
            switch fault.timing {
            case .once(let at, let lasting):
                found.append((index, (start + at)..<(start + at + lasting)))
            case .recurring(let meanGap, let lasting):
                // Each fault draws for itself: another one more leaves its times as they are.
                var chance = Randomness(seed: SplitMix64.mix(seed &+ UInt64(index) &+ 1))
                var next = start + meanGap * chance.exponential()
                while next < end {
                    found.append((index, next..<min(next + lasting, end)))
                    next = next + lasting + meanGap * chance.exponential()
                }
            }
        }
        found.sort { ($0.range.lowerBound, $0.fault) < ($1.range.lowerBound, $1.fault) }
        occurrences = found.enumerated().map { number, one in
            Occurrence(number: number, fault: scenario.faults[one.fault], range: one.range)
        }
    }

    /// The faults of one target, in the order of their starts.
    func occurrences(at place: FaultKind.Place, _ target: String) -> [Occurrence] {
        occurrences.filter { $0.fault.place == place && $0.fault.target == target }
    }
}
