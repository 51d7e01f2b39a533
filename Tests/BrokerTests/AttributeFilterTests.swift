import Broker
import Commerce
import Testing
import Timekeeping

/// The filter syntax of Google Pub/Sub, as far as it is taken.
@Suite struct AttributeFilterTests {
    private static let purchase = [
        "type": "purchase", "subject": "o17", "user": "u1", "currency": "USD",
    ]

    @Test(arguments: [
        (#"attributes.type = "purchase""#, true),
        (#"attributes.type = "refund""#, false),
        (#"attributes.type="purchase""#, true),
        (#"attributes.type != "refund""#, true),
        (#"attributes.type != "purchase""#, false),
        (#"attributes.category != "c1""#, true),
        (#"attributes.category = """#, false),
        ("attributes:user", true),
        ("attributes:category", false),
        ("NOT attributes:category", true),
        (#"hasPrefix(attributes.subject, "o")"#, true),
        (#"hasPrefix( attributes.subject , "s" )"#, false),
        (#"hasPrefix(attributes.category, "")"#, false),
        (#"attributes:user AND attributes:category"#, false),
        (#"attributes:user OR attributes:category"#, true),
        (#"attributes:user AND NOT attributes:category AND attributes.user = "u1""#, true),
        (#"(attributes:category OR attributes:user) AND attributes:type"#, true),
        (#"NOT (attributes:user OR attributes:category)"#, false),
        (#"NOT NOT attributes:user"#, true),
        ("-attributes:category", true),
        ("-attributes:user", false),
        (#"-hasPrefix(attributes.subject, "o")"#, false),
        (#"attributes:user AND -attributes.type = "refund""#, true),
        (#"attributes:user AND -(attributes:category OR attributes:type)"#, false),
        (#"attributes.type = "purch\x61se""#, true),
        (#"attributes.type = "purch\141se""#, true),
        (#"attributes.type = "purch\u0061se""#, true),
        (#"attributes.type = "purch\U00000061se""#, true),
        (#"attributes."type" = "purchase""#, true),
        (#"  attributes:user  "#, true),
    ])
    func `a filter passes what it says`(text: String, passes: Bool) throws {
        let filter = try AttributeFilter(parsing: text, attributes: Batch.attributeNames)
        #expect(filter.evaluate { Self.purchase[$0] } == passes)
        #expect(try AttributeFilter(parsing: filter.description) == filter)
    }

    @Test(arguments: [
        (#"attributes.category = "caf\u00E9""#, true),
        (#"attributes.category = "cafe\u0301""#, false),
        (#"hasPrefix(attributes.category, "caf\u00E9")"#, true),
        (#"hasPrefix(attributes.category, "cafe\u0301")"#, false),
        (#"hasPrefix(attributes.category, "caf")"#, true),
    ])
    func `two spellings that Unicode calls equivalent are two`(text: String, passes: Bool) throws {
        let filter = try AttributeFilter(parsing: text, attributes: Batch.attributeNames)
        #expect(filter.evaluate { ["category": "caf\u{E9}"][$0] } == passes)
    }

    @Test(arguments: [
        (
            "",
            "1: the end of the filter cannot begin a condition; expected attributes.<name>, "
                + "attributes:<name>, hasPrefix(…), NOT, '-' or '('"
        ),
        (
            #"attribute.type = "x""#,
            "1: 'attribute' cannot begin a condition; did you mean 'attributes'?"
        ),
        (#"attributes.typ = "x""#, "12: there is no attribute 'typ'; did you mean 'type'?"),
        (
            #"attributes.colour = "x""#,
            "12: there is no attribute 'colour'; expected one of type, "
                + "source, subject, user, session, category, currency"
        ),
        (
            "attributes",
            "11: the end of the filter is not expected here; expected '.' or ':' and an attribute"
        ),
        (
            "attributes.",
            "12: an attribute is missing; expected one of type, source, subject, user, "
                + "session, category, currency"
        ),
        ("attributes.type", "16: the end of the filter follows the attribute; expected = or !="),
        ("attributes.type = x", "19: 'x' is not a value; expected a text in double quotes"),
        ("attributes.type = 'x'", "19: ''' is not a value; expected a text in double quotes"),
        (#"attributes.type == "x""#, "18: '==' is not an operator; expected a single ="),
        (#"attributes.type ! "x""#, "18: ' ' follows '!'; expected '!='"),
        (#"attributes.type = "x"#, "19: the text is not closed; expected a double quote"),
        (
            #"attributes.type = "\q""#,
            #"21: 'q' follows a backslash; expected \", \\, \n, \r, \t, \xHH, three octal digits, "#
                + #"\uHHHH or \UHHHHHHHH"#
        ),
        (
            #"attributes.type = "\x4""#,
            #"21: 'x' is not followed by two hexadecimal digits; expected \xHH"#
        ),
        (
            #"attributes.type = "\400""#,
            "21: '4' is not a byte; expected three octal digits up to 377"
        ),
        (
            #"attributes.type = "\ud800""#,
            #"21: 'u' is not a character; expected \uHHHH or \UHHHHHHHH"#
        ),
        (
            #"attributes.type = "\344""#,
            "19: the text's escapes are not UTF-8"
        ),
        (
            "attributes:user and attributes:type",
            "17: 'and' is not an operator; expected AND, in capitals"
        ),
        (
            "attributes:user || attributes:type",
            "17: '||' is not an operator; expected OR, in "
                + "capitals"
        ),
        (
            "attributes:user NOT attributes:type",
            "17: 'NOT' cannot follow here; expected AND NOT or OR NOT"
        ),
        ("not attributes:user", "1: 'not' is not an operator; expected NOT, in capitals, or '-'"),
        ("!attributes:user", "1: '!' is not an operator; expected NOT, in capitals, or '-'"),
        (
            "- attributes:user",
            "2: '-' is not followed by anything; expected the condition that it negates"
        ),
        (#"attributes.type <> "x""#, "17: '<' follows the attribute; expected !="),
        (
            "attributes:user AND attributes:type OR attributes:source",
            "37: AND and OR are combined; expected parentheses around one of them"
        ),
        (
            "attributes:user attributes:type",
            "17: 'attributes' cannot follow here; expected AND, OR "
                + "or the filter's end"
        ),
        (
            "(attributes:user",
            "17: the end of the filter is not expected here; expected a closing parenthesis"
        ),
        ("attributes:user)", "16: ')' cannot follow here; expected AND, OR or the filter's end"),
        (
            #"hasPrefx(attributes.user, "u")"#,
            "1: 'hasPrefx' cannot begin a condition; did you mean "
                + "'hasPrefix'?"
        ),
        (#"hasPrefix(attributes.user "u")"#, #"27: '"' is not expected here; expected a comma"#),
        (#"hasPrefix(user, "u")"#, "11: 'user' cannot be compared; expected attributes.<name>"),
        (
            "NOT",
            "4: the end of the filter cannot begin a condition; expected attributes.<name>, "
                + "attributes:<name>, hasPrefix(…), NOT, '-' or '('"
        ),
    ])
    func `a mistake is reported with its column`(text: String, complaint: String) {
        #expect(Self.complaint(about: text) == complaint)
    }

    @Test func `a filter that is too long or too deep is refused`() {
        let long = #"attributes.type = ""# + String(repeating: "x", count: 250) + "\""
        #expect(
            Self.complaint(about: long)
                == "1: the filter has 270 bytes; expected at most 256"
        )
        // The limit is Pub/Sub's, which counts bytes: 130 letters of two make 280 of them.
        let wide = #"attributes.type = ""# + String(repeating: "é", count: 130) + "\""
        #expect(
            Self.complaint(about: wide) == "1: the filter has 280 bytes; expected at most 256"
        )
        let deep = String(repeating: "(", count: 100)
        #expect(Self.complaint(about: deep) == "17: the filter is nested deeper than 16 levels")
    }

    /// The example of Pub/Sub's documentation: U+4E2D is the bytes E4 B8 AD.
    @Test func `octal escapes are the bytes of UTF-8`() throws {
        let filter = try AttributeFilter(parsing: #"attributes.category = "\344\270\255""#)
        #expect(filter == .equal("category", "\u{4E2D}"))
    }

    /// What is advised must mean what was written: a negation is never answered by its opposite.
    @Test(arguments: [
        "-attribute:user", "!attributes:user", "not attributes:user", "-atributes:user",
    ])
    func `no advice inverts a condition`(text: String) throws {
        let complaint = try #require(Self.complaint(about: text))
        #expect(!complaint.hasPrefix("1:") || complaint.contains("NOT"), "\(complaint)")
    }

    @Test func `where messages may have any attribute, every name is taken`() throws {
        let text = #"attributes.team = "a" AND attributes:"two words""#
        let filter = try AttributeFilter(parsing: text)
        #expect(filter.evaluate { ["team": "a", "two words": ""][$0] })
        #expect(filter.description.contains(#""two words""#))
        #expect(try AttributeFilter(parsing: filter.description) == filter)
        #expect(throws: AttributeFilterError.self) {
            try AttributeFilter(parsing: #"attributes."" = "a""#)
        }
    }

    @Test(arguments: ["", " ", "\n"])
    func `a filter of nothing is distinguished from one that is wrong`(text: String) {
        #expect(AttributeFilter.isEmpty(text))
        #expect(!AttributeFilter.isEmpty(text + "-"))
    }

    @Test(arguments: 0..<200)
    func `a filter that is written down is read back equal`(seed: UInt64) throws {
        var randomness = Randomness(seed: seed)
        let filter = Self.filter(depth: 3, &randomness)
        let text = filter.description
        guard text.utf8.count <= 256 else { return }
        #expect(try AttributeFilter(parsing: text, attributes: Batch.attributeNames) == filter)
    }

    @Test(arguments: 0..<100)
    func `noise never stops the reader`(seed: UInt64) {
        var randomness = Randomness(seed: seed)
        let words = [
            "attributes", ".", ":", "type", "=", "!=", "-", "\\x6", "\\u00", "\"\\", "\"x\"", "AND",
            "OR", "NOT", "(", ")", "\"",
            "\\", " ", "hasPrefix", ",", "é",
        ]
        var text = ""
        for _ in 0..<randomness.below(20) {
            text += words[Int(randomness.below(UInt64(words.count)))]
        }
        do {
            _ = try AttributeFilter(parsing: text, attributes: Batch.attributeNames)
        } catch {
            #expect((1...text.unicodeScalars.count + 1).contains(error.column))
        }
    }

    private static func complaint(about text: String) -> String? {
        do {
            _ = try AttributeFilter(parsing: text, attributes: Batch.attributeNames)
            return nil
        } catch {
            return error.description
        }
    }

    private static func filter(depth: Int, _ randomness: inout Randomness) -> AttributeFilter {
        let attributes = Batch.attributeNames
        let attribute = attributes[Int(randomness.below(UInt64(attributes.count)))]
        let value = ["", "x", "\"", "a\\b", "é (", "-1"][Int(randomness.below(6))]
        switch depth == 0 ? randomness.below(3) : randomness.below(6) {
        case 0: return .present(attribute)
        case 1: return .equal(attribute, value)
        case 2: return .hasPrefix(attribute, value)
        case 3: return .not(filter(depth: depth - 1, &randomness))
        case 4:
            return .all([filter(depth: depth - 1, &randomness), filter(depth: 0, &randomness)])
        default:
            return .any([filter(depth: depth - 1, &randomness), filter(depth: 0, &randomness)])
        }
    }
}
