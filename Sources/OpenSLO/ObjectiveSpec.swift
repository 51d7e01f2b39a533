internal import Documents
internal import SLO
internal import Timekeeping

/// The spec of an SLO.
///
/// One with an indicator of its own gives an objective for each of its `objectives`, one with an
/// indicator on each of them (a composite) a single one.
struct ObjectiveSpec: DocumentSpec {
    static let kind = DocumentKind.objective
    static var catalog: KeyPath<DocumentSet, Catalog<ObjectiveSpec>> { \.objectives }

    var description: String?
    var service: Located<String>?
    /// Absent where each part has its own: a composite.
    var indicator: Use<IndicatorSpec>?
    var timeWindow: Located<TimeWindow>?
    var method: MethodName?
    var parts: [ObjectivePart] = []
    var alertPolicies: [Use<AlertPolicySpec>] = []

    /// How a budget is counted.
    enum MethodName: String, CaseIterable {
        case occurrences = "Occurrences"
        case timeslices = "Timeslices"
        case ratioTimeslices = "RatioTimeslices"
    }

    // MARK: - Reading

    private static let keys = KeySet(
        "objective",
        noun: "an SLO's spec",
        required: ["service", "timeWindow", "budgetingMethod", "objectives"],
        optional: ["description", "indicator", "indicatorRef", "alertPolicies"]
    )
    private static let windowKeys = KeySet(
        "timeWindow",
        noun: "a time window",
        required: ["duration"],
        optional: ["isRolling", "calendar"]
    )
    private static let calendarKeys = KeySet(
        "calendar",
        noun: "a calendar",
        required: ["startTime", "timeZone"]
    )

    init(_ reader: NodeReader?) {
        guard let reader, let fields = reader.present(Self.keys) else { return }
        description = fields.description
        service = fields["service"]?.locatedText(expected: "a service's name")
        indicator = Use(fields)
        method = fields["budgetingMethod"]?.choice(of: MethodName.self)
        if let list = fields["timeWindow"] {
            let items = list.items()
            timeWindow = items.map { Self.timeWindow($0) }.first ?? nil
            if list.isList, items.count != 1 {
                list.mistake("'timeWindow' has \(items.count) items; expected exactly one")
            }
        }
        if let list = fields["objectives"] {
            let items = list.items()
            if list.isList, items.isEmpty {
                list.warn(
                    "'objectives' is an empty list, so the SLO has no objective; "
                        + "expected at least one"
                )
            }
            parts = items.compactMap { ObjectivePart($0) }
        }
        alertPolicies = (fields["alertPolicies"]?.items() ?? []).compactMap {
            Use<AlertPolicySpec>($0, orName: "alertPolicyRef")
        }
        Self.checkIndicators(fields, reader)
    }

    /// The indicator stands on the spec, or on every objective, which makes it a composite.
    private static func checkIndicators(_ fields: FieldReader, _ reader: NodeReader) {
        func hasIndicator(_ item: NodeReader) -> Bool {
            ["indicator", "indicatorRef"].contains { item.peek($0)?.node.isNull == false }
        }
        let ofSpec = fields["indicator"] ?? fields["indicatorRef"]
        let items = fields["objectives"].map { $0.isList ? $0.items() : [] } ?? []
        let bearers = items.filter(hasIndicator)
        if let ofSpec, !bearers.isEmpty {
            ofSpec.mistake(
                "the indicator stands on the spec and on an objective; expected it on the spec, "
                    + "or on every objective of a composite"
            )
        } else if ofSpec == nil, bearers.isEmpty {
            reader.mistake(
                "an SLO needs an indicator ('indicator' or 'indicatorRef'), on its spec or on "
                    + "every objective of a composite"
            )
        } else if ofSpec == nil {
            for item in items where !hasIndicator(item) {
                item.mistake(
                    "this objective of a composite has no indicator; expected 'indicator' or "
                        + "'indicatorRef' on every one"
                )
            }
        }
    }

    private static func timeWindow(_ reader: NodeReader) -> Located<TimeWindow>? {
        guard let fields = reader.present(windowKeys) else { return nil }
        let duration = fields["duration"]?.shorthand()
        let isRolling = fields["isRolling"]?.flag()
        let calendar = fields["calendar"]?.present(calendarKeys)
        let start = calendar?["startTime"].flatMap { Self.start($0) }
        let zone = calendar?["timeZone"]?.zone()
        if fields["isRolling"] == nil || isRolling != nil {
            switch (isRolling ?? false, fields["calendar"]) {
            case (true, let calendar?):
                calendar.mistake(
                    "'calendar' and 'isRolling: true' exclude each other; expected one of them"
                )
            case (false, nil):
                reader.mistake(
                    "a time window that does not roll needs the key 'calendar'; expected it, or "
                        + "'isRolling: true'"
                )
            default: break
            }
        }
        guard let duration else { return nil }
        if isRolling == true {
            return Located(.rolling(duration.value.nominalLength), at: duration.site)
        }
        guard let start, let zone else { return nil }
        let window = CalendarWindow(start: start, period: duration.value, zone: zone)
        return Located(.calendar(window), at: duration.site)
    }

    /// Read as text: loaders that take the unquoted form for an instant would lose the zone.
    private static func start(_ reader: NodeReader) -> CivilDateTime? {
        guard case .scalar(let text, _) = reader.node.content, !reader.node.isNull,
            let time = CivilDateTime(text)
        else {
            reader.mismatch(
                expected: "a time of the wall clock without a zone, such as 2026-01-01 00:00:00"
            )
            return nil
        }
        return time
    }

    // MARK: - Resolving

    /// The objectives of an SLO; none where a mistake keeps them from being made.
    static func resolved(
        _ document: Document<ObjectiveSpec>,
        in set: DocumentSet
    ) -> [ObjectiveSet.Entry] {
        let spec = document.spec
        let owner = spec.service.flatMap { ServiceSpec.owner(of: $0, in: set) }
        let policies = spec.alertPolicies.compactMap { set.follow($0) }
        let parts = MeasuredPart.all(of: spec, in: set)
        guard let name = document.metadata.name, let service = spec.service,
            let window = spec.timeWindow, !parts.isEmpty
        else { return [] }
        let annotations = document.metadata.annotations
        func made(
            _ part: MeasuredPart,
            _ components: [ObjectiveComponent],
            number: Int? = nil
        ) -> ObjectiveSet.Entry {
            var objective = Objective(
                name: name.value,
                displayName: document.metadata.displayName,
                service: service.value,
                owner: annotations.owner?.value ?? owner,
                description: spec.description,
                target: part.target.value,
                budgeting: part.budgeting,
                timeWindow: window.value,
                components: components,
                minimumEvents: annotations.minimumEvents?.value ?? 0,
                maintenance: annotations.maintenance
            )
            part.complete(&objective, number: number)
            return ObjectiveSet.Entry(
                objective: objective,
                site: name.site,
                targetSite: part.target.site,
                windowSite: window.site,
                sources: part.sources,
                expectedEventsPerHour: annotations.expectedEventsPerHour?.value,
                revisionNote: annotations.revisionNote?.value
            )
        }
        var entries: [ObjectiveSet.Entry]
        if spec.indicator == nil {
            let measured = parts.compactMap { $0 }
            guard measured.count == parts.count else { return [] }
            let (whole, components) = MeasuredPart.composite(of: measured)
            entries = [made(whole, components)]
        } else {
            entries = parts.enumerated().compactMap { index, part -> ObjectiveSet.Entry? in
                guard let part else { return nil }
                let component = ObjectiveComponent(name: part.name, indicator: part.indicator)
                return made(part, [component], number: parts.count > 1 ? index + 1 : nil)
            }
        }
        for index in entries.indices {
            for policy in policies { AlertPolicySpec.attach(policy, to: &entries[index], in: set) }
        }
        return entries
    }
}
