internal import Commerce
internal import Documents

/// The checks of the events of a request.
extension GA4Document {
    /// Checks the event at `place`.
    mutating func check(event place: Int) {
        let path = "events[\(place)]"
        let event = events[place]
        guard event.isObject else {
            add(
                .valueInvalid,
                "events",
                "Event at index: [\(place)] must be an object.",
                event: place
            )
            return
        }
        _ = check(time: event["timestamp_micros"], "\(path).timestamp_micros", event: place)
        guard let name = checkName(of: event, place) else { return }
        guard let params = event["params"] else {
            checkRequired(.object([]), of: name, place)
            return
        }
        guard params.isObject else {
            add(.valueInvalid, "\(path).params", "\(path).params must be an object.", event: place)
            return
        }
        _ = check(
            time: params["timestamp_micros"],
            "\(path).params.timestamp_micros",
            event: place
        )
        checkNames(of: params, place)
        checkValues(of: params, place)
        checkCurrency(params, place)
        checkItems(params, place)
        checkRequired(params, of: name, place)
    }

    private mutating func checkName(of event: JSONTree, _ place: Int) -> String? {
        let subject = "Event at index: [\(place)]"
        guard let given = event["name"] else {
            add(.valueRequired, "events", "\(subject) requires a name.", event: place)
            return nil
        }
        guard let name = given.text else {
            add(.valueInvalid, "events", "\(subject) must have a string as name.", event: place)
            return nil
        }
        let shown = GA4Document.short(name)
        if name.isEmpty {
            add(.valueRequired, "events", "\(subject) requires a name.", event: place)
        } else if GA4Names.reservedEvents.contains(name)
            || !isApp && GA4Names.appEvents.contains(name)
        {
            add(
                .nameReserved,
                "events",
                "\(subject) has name [\(shown)] which is reserved.",
                event: place
            )
        } else if let fault = GA4Document.fault(ofName: name) {
            add(
                .nameInvalid,
                "events",
                "\(subject) has invalid name [\(shown)]. \(fault)",
                event: place
            )
        } else if name.count > 40 {
            add(
                .nameInvalid,
                "events",
                "\(subject) has name [\(shown)] which is too long. Names can have at most [40] "
                    + "characters.",
                .limit,
                event: place
            )
        } else if !GA4Names.recommendedEvents.contains(name), !ownNames.contains(name),
            let near = nearestName(
                to: name,
                in: GA4Names.recommendedEvents.sorted() + ownNames
            )
        {
            add(
                .nameInvalid,
                "events",
                "\(subject) has name [\(shown)], which is no event of GA4 or of this shop. Did "
                    + "you mean [\(near)]?",
                .advice,
                event: place
            )
        }
        return name
    }

    private mutating func checkNames(of params: JSONTree, _ place: Int) {
        let path = "events[\(place)].params"
        let subject = "Event at index: [\(place)]"
        if params.members.count > 25 {
            add(
                .exceededMaxEntities,
                path,
                "\(subject) has [\(params.members.count)] params. An event can have at most [25] "
                    + "params.",
                .limit,
                event: place
            )
        }
        var seen: Set<String> = []
        for (name, _) in params.members {
            let shown = GA4Document.short(name)
            if !seen.insert(name).inserted {
                add(
                    .nameDuplicated,
                    "\(path).\(shown)",
                    "\(subject) has param [\(shown)] more than once.",
                    event: place
                )
            }
            if GA4Names.reservedParameters.contains(name)
                || GA4Names.parameterPrefixes.contains(where: name.hasPrefix)
            {
                add(
                    .nameReserved,
                    "\(path).\(shown)",
                    "\(subject) has param [\(shown)] which is reserved.",
                    .doubtful,
                    event: place
                )
            } else if let fault = GA4Document.fault(ofName: name) {
                add(
                    .nameInvalid,
                    "\(path).\(shown)",
                    "\(subject) has param with invalid name [\(shown)]. \(fault)",
                    .doubtful,
                    event: place
                )
            } else if name.count > 40 {
                add(
                    .nameInvalid,
                    "\(path).\(shown)",
                    "\(subject) has param [\(shown)] which is too long. Names can have at most "
                        + "[40] characters.",
                    .limit,
                    event: place
                )
            }
        }
    }

    private mutating func checkValues(of params: JSONTree, _ place: Int) {
        for (name, value) in params.members where name != "items" {
            let shown = GA4Document.short(name)
            let path = "events[\(place)].params.\(shown)"
            check(value, name, GA4Parameter(rawValue: name)?.kind, path, place)
            guard value.literal != nil || value.isNull else { continue }
            let length = value.text?.count ?? 0
            if let limit = GA4Names.valueLimit(of: name), length > limit {
                add(
                    .valueOutOfBounds,
                    path,
                    "Event at index: [\(place)] has param [\(shown)] with a value of "
                        + "[\(length)] characters. Values can have at most [\(limit)] characters.",
                    .limit,
                    event: place
                )
            }
        }
    }

    /// Checks that `value` is one of `kind`, or, where that is nil, any single value.
    private mutating func check(
        _ value: JSONTree,
        _ name: String,
        _ kind: GA4Parameter.Kind?,
        _ path: String,
        _ place: Int
    ) {
        guard !value.isNull else { return }
        if let kind {
            guard kind.conformed(value) == nil else { return }
            add(
                .valueInvalid,
                path,
                "Validation of \(name) should prevent conversion from unsupported value "
                    + "[\(GA4Document.shown(value))]",
                event: place
            )
        } else if value.literal == nil {
            add(
                .valueInvalid,
                path,
                "Event at index: [\(place)] has param [\(GA4Document.short(name))] with an "
                    + "unsupported value [\(GA4Document.shown(value))]; only items is an array.",
                .doubtful,
                event: place
            )
        }
    }

    /// `value` as the validation server names it, without what is in objects and arrays.
    private static func shown(_ value: JSONTree) -> String {
        switch value {
        case .object: return "struct_value"
        case .array: return "list_value"
        case .scalar(let literal):
            if value.text != nil { return "string_value: \(short(literal))" }
            return value.number == nil
                ? "bool_value: \(literal)" : "number_value: \(short(literal))"
        }
    }

    private mutating func checkCurrency(_ params: JSONTree, _ place: Int) {
        guard let code = params["currency"]?.text, Currency(code: code) == nil else { return }
        add(
            .valueInvalid,
            "events[\(place)].params.currency",
            "currency: \(GA4Document.short(code)) must be a valid uppercase 3-letter ISO 4217 "
                + "format",
            event: place
        )
    }

    private mutating func checkItems(_ params: JSONTree, _ place: Int) {
        guard let given = params["items"] else { return }
        let path = "events[\(place)].params.items"
        guard let items = given.elements else {
            add(.valueInvalid, path, "'items' must be an array of items.", event: place)
            return
        }
        if items.isEmpty {
            add(
                .valueRequired,
                path,
                "'items' should not be empty; One of 'item_id' or 'item_name' is a required key",
                .limit,
                event: place
            )
        }
        if items.count > 200 {
            add(
                .exceededMaxEntities,
                path,
                "Event at index: [\(place)] has [\(items.count)] items. An event can have at most "
                    + "[200] items.",
                .limit,
                event: place
            )
        }
        for (index, item) in items.enumerated() {
            check(item, "\(path)[\(index)]", place)
        }
    }

    private mutating func check(_ item: JSONTree, _ path: String, _ place: Int) {
        guard item.isObject else {
            add(.valueInvalid, path, "'items' must be an array of items.", event: place)
            return
        }
        if item["item_id"] == nil, item["item_name"] == nil {
            add(
                .valueRequired,
                path,
                "'items' object must contain one of the following keys: 'item_id' or 'item_name'",
                .limit,
                event: place
            )
        }
        let own = item.members.count { !GA4Names.item.contains($0.key) }
        if own > 10 {
            add(
                .exceededMaxEntities,
                path,
                "Item has [\(own)] custom params. An item can have at most [10] custom params.",
                .limit,
                event: place
            )
        }
        var seen: Set<String> = []
        for (name, value) in item.members {
            let field = "\(path).\(GA4Document.short(name))"
            if !seen.insert(name).inserted {
                add(.nameDuplicated, field, "[\(field)] is given more than once.", event: place)
            }
            check(value, "item.\(name)", GA4ItemParameter(rawValue: name)?.kind, field, place)
        }
        if let code = item["currency"]?.text, Currency(code: code) == nil {
            add(
                .valueInvalid,
                "\(path).currency",
                "currency: \(GA4Document.short(code)) must be a valid uppercase 3-letter ISO "
                    + "4217 format",
                event: place
            )
        }
    }

    private mutating func checkRequired(_ params: JSONTree, of name: String, _ place: Int) {
        var missing = GA4Names.required[name, default: []].filter { params[$0] == nil }
        if params["value"] != nil, params["currency"] == nil { missing.append("currency") }
        if params["currency"] != nil, params["value"] == nil, !missing.contains("value") {
            missing.append("value")
        }
        for parameter in missing {
            let why =
                switch (parameter, GA4Names.required[name, default: []].contains(parameter)) {
                case (_, true): "[\(GA4Document.short(name))] requires"
                case ("currency", _): "a [value] requires"
                default: "a [currency] requires"
                }
            add(
                .valueRequired,
                "events[\(place)].params.\(parameter)",
                "Event at index: [\(place)]: \(why) param [\(parameter)].",
                .limit,
                event: place
            )
        }
    }
}
