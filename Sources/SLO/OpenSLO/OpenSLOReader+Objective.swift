internal import Documents
internal import Timekeeping

extension OpenSLOReader {
    func readObjective(_ reader: NodeReader?) -> OpenSLO.ObjectiveSpec {
        guard let reader, let fields = reader.present(OpenSLOKeys.objective) else {
            return OpenSLO.ObjectiveSpec()
        }
        var spec = OpenSLO.ObjectiveSpec(
            description: description(fields),
            service: fields["service"]?.locatedText(expected: "a service's name"),
            indicator: indicatorUse(fields),
            timeWindow: fields["timeWindow"].flatMap { readTimeWindows($0) }
        )
        if let method = fields["budgetingMethod"] {
            spec.budgetingMethod = method.choice(of: OpenSLO.MethodName.self).map {
                OpenSLO.Located($0, at: method.site)
            }
        }
        if let list = fields["objectives"] {
            let items = list.items()
            if case .list = list.node.content, items.isEmpty {
                list.warn(
                    "'objectives' is an empty list, so that nothing is held to anything; "
                        + "expected one"
                )
            }
            spec.parts = items.compactMap { readPart($0) }
        }
        spec.alertPolicies = (fields["alertPolicies"]?.items() ?? []).compactMap {
            use($0, of: .alertPolicy, reference: "alertPolicyRef", readAlertPolicy)
        }
        checkIndicators(fields, spec, reader)
        return spec
    }

    /// The indicator stands on the spec, or on every objective, which makes it a composite.
    private func checkIndicators(
        _ fields: FieldReader,
        _ spec: OpenSLO.ObjectiveSpec,
        _ reader: NodeReader
    ) {
        func hasIndicator(_ item: NodeReader) -> Bool {
            ["indicator", "indicatorRef"].contains { item.peek($0)?.node.isNull == false }
        }
        let ofSpec = fields["indicator"] ?? fields["indicatorRef"]
        let items = fields["objectives"].map { list -> [NodeReader] in
            guard case .list = list.node.content else { return [] }
            return list.items()
        }
        let bearers = (items ?? []).filter(hasIndicator)
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
            for item in items ?? [] where !hasIndicator(item) {
                item.mistake(
                    "this objective of a composite has no indicator; expected 'indicator' or "
                        + "'indicatorRef' on every one"
                )
            }
        }
    }

    private func readPart(_ reader: NodeReader) -> OpenSLO.Part? {
        guard let fields = reader.present(OpenSLOKeys.part) else { return nil }
        var part = OpenSLO.Part(
            displayName: fields["displayName"]?.prose(atMost: .max),
            site: reader.site
        )
        part.keys = Set(OpenSLOKeys.part.keys.filter { fields[$0] != nil })
        part.target = readTarget(fields, reader)
        part.comparison = fields["op"]?.comparison()
        part.limit = fields["value"]?.decimal(expected: "a number") { _ in true }
        part.timeSliceTarget = fields["timeSliceTarget"]?.decimal(
            expected: "a number above 0, at most 1"
        ) { $0 > .zero && $0 <= .one }
        part.timeSliceWindow = fields["timeSliceWindow"]?.shorthandOrMinutes()
        part.indicator = indicatorUse(fields)
        part.compositeWeight = fields["compositeWeight"]?.decimal(
            expected: "a number above 0, at most \(ObjectiveComponent.largestWeight)"
        ) {
            $0 > .zero && $0 <= ObjectiveComponent.largestWeight
        }
        return part
    }

    private func percentHint(_ reader: NodeReader?) -> String {
        guard case .scalar(let text, true)? = reader?.node.content,
            let value = ExactDecimal(text), value > .one, value < ExactDecimal(100)
        else { return "" }
        return "; did you mean 'targetPercent: \(value)'?"
    }

    private func readTarget(
        _ fields: FieldReader,
        _ reader: NodeReader
    ) -> OpenSLO.Located<ExactDecimal>? {
        let ratio = fields["target"]?.decimal(
            expected: "a number from 0 to below 1, such as 0.999; at 1 there is no budget to spend"
                + percentHint(fields["target"])
        ) { Objective.isTarget($0) }
        let percent = fields["targetPercent"]?.decimal(
            expected: "a number from 0 to below 100, such as 99.9; at 100 there is no budget to "
                + "spend"
        ) { $0 >= .zero && $0 < ExactDecimal(100) }
        let key = reader.exactlyOne(
            of: ["target", "targetPercent"],
            in: fields,
            noun: "an objective"
        )
        guard key == "targetPercent" else { return ratio }
        return percent.flatMap { percent in
            guard let ratio = percent.value.fromPercent else {
                fields["targetPercent"]?.mistake("'targetPercent' has more digits than are kept")
                return nil
            }
            return OpenSLO.Located(ratio, at: percent.site)
        }
    }

    private func readTimeWindows(_ reader: NodeReader) -> OpenSLO.Located<TimeWindow>? {
        let items = reader.items()
        let windows = items.map { readTimeWindow($0) }
        if case .list = reader.node.content, items.count != 1 {
            reader.mistake("'timeWindow' has \(items.count) items; expected exactly one")
        }
        return windows.first.flatMap { $0 }
    }

    private func readTimeWindow(_ reader: NodeReader) -> OpenSLO.Located<TimeWindow>? {
        guard let fields = reader.present(OpenSLOKeys.timeWindow) else { return nil }
        let duration = fields["duration"]?.shorthand()
        let isRolling = fields["isRolling"]?.flag()
        let calendar = fields["calendar"]?.present(OpenSLOKeys.calendar)
        let start = calendar?["startTime"].flatMap { readStart($0) }
        let zone = calendar?["timeZone"].flatMap { readZone($0) }
        if fields["isRolling"] == nil || isRolling != nil {
            switch (isRolling ?? false, fields["calendar"]) {
            case (true, let calendar?):
                calendar.mistake(
                    "'calendar' stands beside 'isRolling: true'; expected one of them"
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
            return OpenSLO.Located(.rolling(duration.value.nominalLength), at: duration.site)
        }
        guard let start, let zone else { return nil }
        let window = CalendarWindow(start: start, period: duration.value, zone: zone)
        return OpenSLO.Located(.calendar(window), at: duration.site)
    }

    /// Read as text: loaders that take the unquoted form for an instant would lose the zone.
    private func readStart(_ reader: NodeReader) -> CivilDateTime? {
        let expected = "a time of the wall clock without a zone, such as 2026-01-01 00:00:00"
        guard case .scalar(let text, _) = reader.node.content, !reader.node.isNull,
            let time = CivilDateTime(text)
        else {
            reader.mismatch(expected: expected)
            return nil
        }
        return time
    }

    private func readZone(_ reader: NodeReader) -> CivilZone? {
        guard let name = reader.text(expected: "an IANA time zone such as Europe/Berlin") else {
            return nil
        }
        do throws(UnknownZoneError) {
            return try CivilZone(named: name)
        } catch {
            reader.mistake("\(error)")
            return nil
        }
    }
}
