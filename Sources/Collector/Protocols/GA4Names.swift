/// The names that GA4's Measurement Protocol knows, keeps for itself, or asks for.
///
/// From Google's reference of the protocol and of its events.
enum GA4Names {
    /// The members of a request.
    static let request: Set<String> = [
        "client_id", "app_instance_id", "user_id", "timestamp_micros", "user_properties",
        "user_data", "consent", "non_personalized_ads", "user_location", "ip_override", "device",
        "user_agent", "validation_behavior", "events",
    ]
    static let event: Set<String> = ["name", "params", "timestamp_micros"]
    static let consent: Set<String> = ["ad_user_data", "ad_personalization"]
    static let userLocation: Set<String> = [
        "city", "region_id", "country_id", "subcontinent_id", "continent_id",
    ]
    static let device: Set<String> = [
        "category", "language", "screen_resolution", "operating_system",
        "operating_system_version", "model", "brand", "browser", "browser_version",
    ]

    /// Events that only Google's own libraries may log.
    static let reservedEvents: Set<String> = [
        "ad_activeview", "ad_click", "ad_exposure", "ad_query", "ad_reward", "adunit_exposure",
        "app_clear_data", "app_exception", "app_install", "app_remove", "app_store_refund",
        "app_update", "app_upgrade", "dynamic_link_app_open", "dynamic_link_app_update",
        "dynamic_link_first_open", "error", "firebase_campaign",
        "firebase_in_app_message_action", "firebase_in_app_message_dismiss",
        "firebase_in_app_message_impression", "first_open", "first_visit",
        "notification_dismiss", "notification_foreground", "notification_open",
        "notification_receive", "notification_send", "os_update", "session_start",
        "user_engagement",
    ]
    /// Events that are reserved but for apps.
    static let appEvents: Set<String> = ["ad_impression", "in_app_purchase", "screen_view"]
    static let reservedParameters: Set<String> = ["firebase_conversion"]
    static let parameterPrefixes = ["_", "firebase_", "ga_", "google_", "gtag."]
    static let reservedUserProperties: Set<String> = [
        "first_open_time", "first_visit_time", "last_deep_link_referrer", "user_id",
        "first_open_after_install",
    ]
    static let userPropertyPrefixes = ["_", "firebase_", "ga_", "google_"]

    /// The parameters of an item; all others are the shop's own.
    static let item: Set<String> = [
        "item_id", "item_name", "affiliation", "coupon", "currency", "discount", "index",
        "item_brand", "item_category", "item_category2", "item_category3", "item_category4",
        "item_category5", "item_list_id", "item_list_name", "item_variant", "location_id",
        "price", "quantity", "creative_name", "creative_slot", "promotion_id",
        "promotion_name",
    ]

    /// The parameters that Google's event builder asks for.
    static let required: [String: [String]] = [
        "purchase": ["transaction_id", "items", "value"],
        "refund": ["transaction_id", "value"],
        "add_to_cart": ["items", "value"],
        "remove_from_cart": ["items", "value"],
        "view_item": ["items", "value"],
        "view_cart": ["items", "value"],
        "begin_checkout": ["items", "value"],
        "add_payment_info": ["items", "value"],
        "add_shipping_info": ["items", "value"],
        "add_to_wishlist": ["items", "value"],
        "view_item_list": ["items"],
        "select_item": ["items"],
        "view_promotion": ["items"],
        "search": ["search_term"],
    ]

    /// The events that GA4 recommends, and those it collects by itself on pages.
    static let recommendedEvents: Set<String> = Set(required.keys).union([
        "select_promotion", "select_content", "share", "login", "sign_up", "page_view",
        "scroll", "click", "file_download", "form_start", "form_submit", "generate_lead",
        "join_group", "earn_virtual_currency", "spend_virtual_currency", "level_start",
        "level_end", "level_up", "post_score", "tutorial_begin", "tutorial_complete",
        "unlock_achievement", "video_start", "video_progress", "video_complete",
        "view_search_results", "exception",
    ])

    /// Parameters whose values may be of any length, or longer than others.
    static func valueLimit(of parameter: String) -> Int? {
        switch parameter {
        case "session_id", "session_number": nil
        case "page_location": 1000
        case "page_referrer": 420
        case "page_title": 300
        default: 100
        }
    }

    /// `key` as the reference spells it, where it is one of `known` in the camel case of
    /// protocol buffers; any other key as it is.
    static func spelled(_ key: String, in known: Set<String>) -> String {
        guard !known.contains(key), key.utf8.contains(where: { (65...90).contains($0) }) else {
            return key
        }
        var snake = ""
        for character in key {
            if character.isUppercase { snake += "_" }
            snake += character.lowercased()
        }
        return known.contains(snake) ? snake : key
    }
}

/// What is wrong with a request, in the words of GA4's validation server.
struct GA4Message: Hashable {
    enum Code: String {
        case valueInvalid = "VALUE_INVALID"
        case valueRequired = "VALUE_REQUIRED"
        case nameInvalid = "NAME_INVALID"
        case nameReserved = "NAME_RESERVED"
        case valueOutOfBounds = "VALUE_OUT_OF_BOUNDS"
        case exceededMaxEntities = "EXCEEDED_MAX_ENTITIES"
        case nameDuplicated = "NAME_DUPLICATED"

        /// The class that refused events are counted under.
        var reason: String { rawValue.lowercased().replacing("_", with: "-") }
    }

    /// What follows from it, and when it is said.
    enum Weight {
        /// No event can be made: said always, and never taken.
        case malformed
        /// Said always; taken unless recommendations are enforced.
        case doubtful
        /// A recommendation: said, and not taken, only where these are enforced.
        case limit
        /// Said where recommendations are enforced; taken all the same.
        case advice
    }

    var code: Code
    /// Empty where the payload as a whole is meant.
    var field: String
    var description: String
    var weight: Weight
    /// The place of the event it is about; nil for the whole request.
    var event: Int?

    /// Whether the validation server says it.
    func isSaid(enforcing: Bool) -> Bool {
        switch weight {
        case .malformed, .doubtful: true
        case .limit, .advice: enforcing
        }
    }

    /// Whether what it is about is not taken.
    func refuses(enforcing: Bool) -> Bool {
        switch weight {
        case .malformed: true
        case .doubtful, .limit: enforcing
        case .advice: false
        }
    }
}
