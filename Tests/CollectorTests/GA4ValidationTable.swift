/// Payloads, and what GA4's validation server says of them.
enum GA4ValidationTable {
    struct Row: Sendable, CustomStringConvertible {
        var body: String
        /// The code and path of each message.
        var expected: [String]
        /// The words of one of them.
        var words: String?
        var query = GA4Fixture.query

        var description: String { body.count > 300 ? body.prefix(300) + "..." : body }
    }

    static let rows = payloads + senders + members + names + parameters + items + recommended

    /// A payload with one event called `name`.
    static func event(_ name: String, _ params: String = "", enforcing: Bool = false) -> String {
        let behavior = enforcing ? #""validationBehavior":"ENFORCE_RECOMMENDATIONS","# : ""
        return #"{\#(behavior)"client_id":"123.456","events":[{"name":"\#(name)","#
            + #""params":{\#(params)}}]}"#
    }

    /// A payload with one event and `members` beside it.
    static func request(_ members: String, enforcing: Bool = false) -> String {
        let behavior = enforcing ? #""validation_behavior":"ENFORCE_RECOMMENDATIONS","# : ""
        return #"{\#(behavior)"client_id":"123.456",\#(members),"events":[{"name":"login"}]}"#
    }

    /// `count` texts with commas between.
    private static func list(_ count: Int, _ text: (Int) -> String) -> String {
        (0..<count).map(text).joined(separator: ",")
    }

    private static let payloads = [
        Row(body: #"{"client_id":"123.456","events":[{"name":"login"}]}"#, expected: []),
        // Google's Event Builder spells in camel case.
        Row(
            body: #"{"clientId":"1.2","validationBehavior":"RELAXED","events":[{"name":"login"}]}"#,
            expected: []
        ),
        // ga4mp sends one event as an object.
        Row(body: #"{"client_id":"1.2","events":{"name":"login","params":{}}}"#, expected: []),
        Row(body: "", expected: ["VALUE_INVALID"]),
        Row(body: "{", expected: ["VALUE_INVALID"]),
        Row(body: "[]", expected: ["VALUE_INVALID"]),
        Row(
            body: #"{"client_id":"1.2","events":[{"name":"login","names":1}]}"#,
            expected: ["VALUE_INVALID"],
            words: "Unable to parse Measurement Protocol JSON payload. (events[0]) names: "
                + "Cannot find field."
        ),
        Row(
            body: #"{"client_id":"1.2","hits":[],"events":[{"name":"login"}]}"#,
            expected: ["VALUE_INVALID"],
            words: "Unable to parse Measurement Protocol JSON payload. hits: Cannot find field."
        ),
        Row(
            body: #"{"client_id":"1.2","clientId":"1.2","events":[{"name":"login"}]}"#,
            expected: ["NAME_DUPLICATED client_id"]
        ),
        Row(body: #"{"client_id":"1.2"}"#, expected: ["VALUE_REQUIRED events"]),
        Row(body: #"{"client_id":"1.2","events":[]}"#, expected: ["VALUE_REQUIRED events"]),
        Row(body: #"{"client_id":"1.2","events":"login"}"#, expected: ["VALUE_INVALID events"]),
        Row(body: #"{"client_id":"1.2","events":["login"]}"#, expected: ["VALUE_INVALID events"]),
        Row(body: many(events: 26, enforcing: false), expected: []),
        Row(body: many(events: 25, enforcing: true), expected: []),
        Row(body: many(events: 26, enforcing: true), expected: ["EXCEEDED_MAX_ENTITIES events"]),
    ]

    private static func many(events: Int, enforcing: Bool) -> String {
        let behavior = enforcing ? #","validation_behavior":"ENFORCE_RECOMMENDATIONS""# : ""
        let list = Array(repeating: #"{"name":"login"}"#, count: events).joined(separator: ",")
        return #"{"client_id":"123.456"\#(behavior),"events":[\#(list)]}"#
    }

    private static let app = [
        (name: "firebase_app_id", value: "1:2:web:3"), (name: "api_secret", value: "s"),
    ]

    private static let senders = [
        Row(
            body: #"{"client_id":"1.2","events":[{"name":"login"}]}"#,
            expected: ["VALUE_REQUIRED api_secret"],
            words: "Unable to find non-empty parameter [api_secret] value in request.",
            query: [(name: "measurement_id", value: "G-1"), (name: "api_secret", value: "")]
        ),
        Row(
            body: #"{"client_id":"1.2","events":[{"name":"login"}]}"#,
            expected: ["VALUE_REQUIRED measurement_id"],
            words: "Unable to find non-empty parameter [measurement_id] value in request.",
            query: [(name: "api_secret", value: "s")]
        ),
        Row(
            body: #"{"app_instance_id":"0123456789abcdef0123456789ABCDEF","#
                + #""events":[{"name":"login"}]}"#,
            expected: ["VALUE_REQUIRED firebase_app_id"],
            query: [(name: "firebase_app_id", value: ""), (name: "api_secret", value: "s")]
        ),
        Row(
            body: #"{"events":[{"name":"login"}]}"#,
            expected: ["VALUE_REQUIRED client_id"],
            words: "Measurement requires a client_id."
        ),
        Row(
            body: #"{"client_id":"","events":[{"name":"login"}]}"#,
            expected: ["VALUE_REQUIRED client_id"]
        ),
        Row(
            body: #"{"client_id":{},"events":[{"name":"login"}]}"#,
            expected: ["VALUE_INVALID client_id"]
        ),
        // Many senders have UUIDs here, which only the recommendation forbids.
        Row(body: #"{"client_id":"0f-7","events":[{"name":"login"}]}"#, expected: []),
        Row(
            body: #"{"client_id":"0f-7","validation_behavior":"ENFORCE_RECOMMENDATIONS","#
                + #""events":[{"name":"login"}]}"#,
            expected: ["VALUE_INVALID client_id"]
        ),
        Row(
            body: #"{"app_instance_id":"0123456789abcdef0123456789ABCDEF","#
                + #""events":[{"name":"screen_view"}]}"#,
            expected: [],
            query: app
        ),
        Row(
            body: #"{"client_id":"1.2","events":[{"name":"login"}]}"#,
            expected: ["VALUE_REQUIRED app_instance_id"],
            query: app
        ),
        Row(
            body: #"{"app_instance_id":"0123","events":[{"name":"login"}]}"#,
            expected: ["VALUE_INVALID app_instance_id"],
            words: "Measurement app_instance_id is expected to be a 32 digit hexadecimal number "
                + "but was [4] digits.",
            query: app
        ),
        Row(
            body: #"{"app_instance_id":"0123456789abcdef0123456789ABCDEx","#
                + #""events":[{"name":"login"}]}"#,
            expected: ["VALUE_INVALID app_instance_id"],
            words: "Measurement app_instance_id contains non hexadecimal character [x].",
            query: app
        ),
        Row(body: request(#""user_id":"u1""#), expected: []),
        Row(body: request(#""user_id":["u1"]"#), expected: ["VALUE_INVALID user_id"]),
    ]

    private static let members = [
        Row(
            body: request(#""timestamp_micros":1678499261178323"#, enforcing: true),
            expected: ["VALUE_INVALID timestamp_micros"],
            words: "Measurement timestamp_micros has timestamp too far in the past. Measurement "
                + "protocol only supports timestamps [72h] into the past. The current time in "
                + "UNIX microseconds is [1678758461178324]."
        ),
        Row(body: request(#""timestamp_micros":1678499261178323"#), expected: []),
        Row(
            body: request(#""timestamp_micros":"1678499261178324""#, enforcing: true),
            expected: []
        ),
        Row(
            body: request(#""timestampMicros":"yesterday""#),
            expected: ["VALUE_INVALID timestamp_micros"]
        ),
        Row(
            body: #"{"client_id":"1.2","events":[{"name":"login","timestamp_micros":1.5}]}"#,
            expected: ["VALUE_INVALID events[0].timestamp_micros"]
        ),
        Row(
            body: event("login", #""timestamp_micros":-1"#),
            expected: ["VALUE_INVALID events[0].params.timestamp_micros"]
        ),
        Row(
            body: request(#""validation_behavior":"STRICT""#),
            expected: ["VALUE_INVALID validation_behavior"]
        ),
        Row(
            body: request(#""non_personalized_ads":"yes""#),
            expected: ["VALUE_INVALID non_personalized_ads"]
        ),
        Row(
            body: request(#""consent":{"ad_user_data":"GRANTED","adPersonalization":"DENIED"}"#),
            expected: []
        ),
        Row(
            body: request(#""consent":{"ad_user_data":"YES"}"#),
            expected: ["VALUE_INVALID consent.ad_user_data"]
        ),
        Row(
            body: request(#""consent":{"ads":"GRANTED"}"#),
            expected: ["VALUE_INVALID"]
        ),
        Row(
            body: request(#""device":{"screenResolution":"1x1","browser":7}"#),
            expected: ["VALUE_INVALID device.browser"]
        ),
        Row(body: request(#""user_location":"Bonn""#), expected: ["VALUE_INVALID user_location"]),
        Row(
            body: request(#""user_location":{"town":"Bonn"}"#),
            expected: ["VALUE_INVALID"]
        ),
        Row(body: request(#""ip_override":1"#), expected: ["VALUE_INVALID ip_override"]),
        Row(body: request(#""user_data":"x""#), expected: ["VALUE_INVALID user_data"]),
        Row(
            body: request(#""user_properties":{"tier":{"value":"gold"}}"#, enforcing: true),
            expected: []
        ),
        Row(
            body: request(#""user_properties":{"user_id":{"value":"u"}}"#),
            expected: ["NAME_RESERVED user_properties"]
        ),
        Row(
            body: request(#""user_properties":{"ga_x":{"value":"u"}}"#),
            expected: ["NAME_RESERVED user_properties"]
        ),
        Row(
            body: request(#""user_properties":{"1st":{"value":"u"}}"#),
            expected: ["NAME_INVALID user_properties"]
        ),
        Row(
            body: request(#""user_properties":{"a":{"value":"u"},"a":{"value":"v"}}"#),
            expected: ["NAME_DUPLICATED user_properties"]
        ),
        Row(
            body: request(#""user_properties":{"abcdefghijklmnopqrstuvwxy":{}}"#, enforcing: true),
            expected: ["NAME_INVALID user_properties"]
        ),
        Row(
            body: request(
                #""user_properties":{"a":{"value":"\#(String(repeating: "x", count: 37))"}}"#,
                enforcing: true
            ),
            expected: ["VALUE_OUT_OF_BOUNDS user_properties.a.value"]
        ),
        Row(
            body: request(#""user_properties":{"a":"gold"}"#),
            expected: ["VALUE_INVALID user_properties.a"]
        ),
        Row(
            body: request(#""user_properties":{"a":{"value":[1]}}"#),
            expected: ["VALUE_INVALID user_properties.a.value"]
        ),
        Row(
            body: request(
                #""user_properties":{\#(list(26) { #""p\#($0)":{"value":1}"# })}"#,
                enforcing: true
            ),
            expected: ["EXCEEDED_MAX_ENTITIES user_properties"]
        ),
    ]

    private static let names = [
        Row(
            body: event("_badEventName"),
            expected: ["NAME_INVALID events"],
            words: "Event at index: [0] has invalid name [_badEventName]. Names must start with "
                + "an alphabetic character."
        ),
        Row(
            body: event("campaign@details"),
            expected: ["NAME_INVALID events"],
            words: "Event at index: [0] has invalid name [campaign@details]. Only alphanumeric "
                + "characters and underscores are allowed."
        ),
        Row(body: event(""), expected: ["VALUE_REQUIRED events"]),
        Row(
            body: #"{"client_id":"1.2","events":[{"params":{}}]}"#,
            expected: ["VALUE_REQUIRED events"]
        ),
        Row(
            body: #"{"client_id":"1.2","events":[{"name":1}]}"#,
            expected: ["VALUE_INVALID events"]
        ),
        Row(body: event("session_start"), expected: ["NAME_RESERVED events"]),
        Row(body: event("first_visit"), expected: ["NAME_RESERVED events"]),
        Row(body: event("screen_view"), expected: ["NAME_RESERVED events"]),
        Row(
            body: event(String(repeating: "a", count: 41), enforcing: true),
            expected: ["NAME_INVALID events"]
        ),
        Row(body: event(String(repeating: "a", count: 41)), expected: []),
        // What the real server cannot see: it knows no names.
        Row(body: event("purchse"), expected: []),
        Row(
            body: event("purchse", enforcing: true),
            expected: ["NAME_INVALID events"],
            words: "Event at index: [0] has name [purchse], which is no event of GA4 or of this "
                + "shop. Did you mean [purchase]?"
        ),
        Row(body: event("wishlist_shared", enforcing: true), expected: []),
    ]

    private static let parameters = [
        Row(
            body: #"{"client_id":"1.2","events":[{"name":"login","params":[]}]}"#,
            expected: ["VALUE_INVALID events[0].params"]
        ),
        Row(
            body: event("login", #""firebase_conversion":1"#),
            expected: ["NAME_RESERVED events[0].params.firebase_conversion"]
        ),
        Row(
            body: event("login", #""_x":1,"google_y":1,"ga_z":1,"gtag.w":1"#),
            expected: ["_x", "google_y", "ga_z", "gtag.w"].map {
                "NAME_RESERVED events[0].params.\($0)"
            }
        ),
        Row(
            body: event("login", #""a-b":1"#),
            expected: ["NAME_INVALID events[0].params.a-b"]
        ),
        Row(
            body: event("login", #""method":"a","method":"b""#),
            expected: ["NAME_DUPLICATED events[0].params.method"]
        ),
        Row(
            body: event("login", #""\#(String(repeating: "m", count: 41))":1"#, enforcing: true),
            expected: ["NAME_INVALID events[0].params.\(String(repeating: "m", count: 41))"]
        ),
        Row(
            body: event("login", #""m":"\#(String(repeating: "m", count: 101))""#, enforcing: true),
            expected: ["VALUE_OUT_OF_BOUNDS events[0].params.m"]
        ),
        Row(
            body: event(
                "login",
                #""session_id":"\#(String(repeating: "1", count: 101))""#,
                enforcing: true
            ),
            expected: []
        ),
        Row(
            body: event(
                "login",
                list(26) { #""p\#($0)":1"# },
                enforcing: true
            ),
            expected: ["EXCEEDED_MAX_ENTITIES events[0].params"]
        ),
        Row(
            body: event("login", #""where":{"x":1}"#),
            expected: ["VALUE_INVALID events[0].params.where"]
        ),
        Row(
            body: event("search", #""currency":"usd""#),
            expected: ["VALUE_INVALID events[0].params.currency"],
            words: "currency: usd must be a valid uppercase 3-letter ISO 4217 format"
        ),
        Row(
            body: event("purchase", #""value":"$19""#),
            expected: ["VALUE_INVALID events[0].params.value"],
            words: #"Validation of value should prevent conversion from unsupported value "#
                + #"[string_value: "$19"]"#
        ),
        Row(body: event("purchase", #""value":"19.90""#), expected: []),
        Row(
            body: event("purchase", #""tax":true"#),
            expected: ["VALUE_INVALID events[0].params.tax"]
        ),
    ]

    private static let items = [
        Row(
            body: event("view_item", #""items":{}"#),
            expected: ["VALUE_INVALID events[0].params.items"]
        ),
        Row(
            body: event("view_item", #""items":["SKU"]"#),
            expected: ["VALUE_INVALID events[0].params.items[0]"]
        ),
        Row(
            body: event("view_item_list", #""items":[]"#, enforcing: true),
            expected: ["VALUE_REQUIRED events[0].params.items"],
            words: "'items' should not be empty; One of 'item_id' or 'item_name' is a required key"
        ),
        Row(
            body: event("view_item_list", #""items":[{"price":1}]"#, enforcing: true),
            expected: ["VALUE_REQUIRED events[0].params.items[0]"],
            words: "'items' object must contain one of the following keys: 'item_id' or "
                + "'item_name'"
        ),
        Row(
            body: event("add_to_cart", #""items":[{"item_id":"a","price":"$19"}]"#),
            expected: ["VALUE_INVALID events[0].params.items[0].price"],
            words: #"Validation of item.price should prevent conversion from unsupported value "#
                + #"[string_value: "$19"]"#
        ),
        Row(
            body: event("add_to_cart", #""items":[{"item_id":"a","quantity":1.5}]"#),
            expected: ["VALUE_INVALID events[0].params.items[0].quantity"]
        ),
        Row(
            body: event("add_to_cart", #""items":[{"item_id":"a","currency":"euro"}]"#),
            expected: ["VALUE_INVALID events[0].params.items[0].currency"]
        ),
        Row(
            body: event("add_to_cart", #""items":[{"item_id":"a","item_id":"b"}]"#),
            expected: ["NAME_DUPLICATED events[0].params.items[0].item_id"]
        ),
        Row(
            body: event(
                "view_item_list",
                #""items":[{"item_id":"a",\#(list(11) { #""c\#($0)":1"# })}]"#,
                enforcing: true
            ),
            expected: ["EXCEEDED_MAX_ENTITIES events[0].params.items[0]"]
        ),
        Row(
            body: event(
                "view_item_list",
                #""items":[\#(list(201) { _ in #"{"item_id":"a"}"# })]"#,
                enforcing: true
            ),
            expected: ["EXCEEDED_MAX_ENTITIES events[0].params.items"]
        ),
    ]

    private static let item = #""items":[{"item_id":"a"}]"#

    private static let recommended = [
        Row(body: event("purchase"), expected: []),
        Row(
            body: event("purchase", enforcing: true),
            expected: ["transaction_id", "items", "value"].map {
                "VALUE_REQUIRED events[0].params.\($0)"
            }
        ),
        Row(
            body: event("refund", enforcing: true),
            expected: ["transaction_id", "value"].map { "VALUE_REQUIRED events[0].params.\($0)" }
        ),
        Row(
            body: event(
                "purchase",
                #""transaction_id":"T1","value":1,"currency":"USD",\#(item)"#,
                enforcing: true
            ),
            expected: []
        ),
        Row(
            body: event("add_to_cart", #""value":1,\#(item)"#, enforcing: true),
            expected: ["VALUE_REQUIRED events[0].params.currency"]
        ),
        Row(
            body: event("view_item", #""currency":"USD",\#(item)"#, enforcing: true),
            expected: ["VALUE_REQUIRED events[0].params.value"]
        ),
        Row(
            body: event("login", #""currency":"USD""#, enforcing: true),
            expected: ["VALUE_REQUIRED events[0].params.value"]
        ),
        Row(
            body: event("select_item", enforcing: true),
            expected: ["VALUE_REQUIRED events[0].params.items"]
        ),
        Row(
            body: event("search", enforcing: true),
            expected: ["VALUE_REQUIRED events[0].params.search_term"]
        ),
        Row(body: event("search", #""search_term":"shoes""#, enforcing: true), expected: []),
    ]
}
