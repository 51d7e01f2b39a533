import Pipeline
import Testing

/// Mistakes in the frame of a document, its owners, stores and the like.
@Suite struct PipelineDocumentShapeTests {
    @Test(arguments: Self.frame)
    func `a mistake in the frame is told with its place and remedy`(row: MistakeRow) {
        #expect(complaints(adding: row.text) == row.complaints)
    }

    @Test(arguments: Self.kinds)
    func `a document of another kind is told from a pipeline`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let frame = [
        MistakeRow(
            "a misspelt key of the spec",
            #"""
              lod: {shape: constant, rate: 5}
            """#,
            #"""
            7:3: unknown key 'lod' in the spec; did you mean 'load'?
            """#
        ),
        MistakeRow(
            "an unknown key that resembles none",
            #"""
              colour: blue
            """#,
            #"""
            7:3: unknown key 'colour' in the spec; expected one of topics, stages, owners, \#
            subscriptions, stores, services, load, traffic, input, validation, objectives
            """#
        ),
        MistakeRow(
            "a scalar for a mapping",
            #"""
              load: fast
            """#,
            #"""
            7:9: 'load' is 'fast'; expected a mapping with shape and what the shape needs
            """#
        ),
        MistakeRow(
            "a list for a mapping",
            #"""
              load: [1]
            """#,
            #"""
            7:9: 'load' is a list; expected a mapping with shape and what the shape needs
            """#
        ),
        MistakeRow(
            "a mapping for a list",
            #"""
              owners: {name: x}
            """#,
            #"""
            7:11: 'owners' is a mapping; expected a list
            """#
        ),
        MistakeRow(
            "nothing for a list",
            #"""
              owners:
            """#,
            #"""
            7:10: 'owners' is empty; expected a list
            """#
        ),
        MistakeRow(
            "a scalar for an item",
            #"""
              owners: [shop]
            """#,
            #"""
            7:12: item 1 of 'owners' is 'shop'; expected a mapping with name, contact
            """#
        ),
        MistakeRow(
            "a mapping without a required key",
            #"""
              owners: [{contact: x}]
            """#,
            #"""
            7:12: an owner needs the key 'name'
            """#
        ),
        MistakeRow(
            "a number for a name",
            #"""
              owners: [{name: 12}]
            """#,
            #"""
            7:19: 'name' is 12; expected a name of letters, digits, '-' and '_' that begins \#
            with a letter, at most 63 characters long
            """#
        ),
        MistakeRow(
            "true for a name",
            #"""
              owners: [{name: true}]
            """#,
            #"""
            7:19: 'name' is true; expected a name, in quotes where YAML takes it for \#
            something else
            """#
        ),
        MistakeRow(
            "a name that begins with a digit",
            #"""
              owners: [{name: "1st"}]
            """#,
            #"""
            7:19: 'name' is '1st'; expected a name of letters, digits, '-' and '_' that \#
            begins with a letter, at most 63 characters long
            """#
        ),
        MistakeRow(
            "a name with a space",
            #"""
              owners: [{name: a b}]
            """#,
            #"""
            7:19: 'name' is 'a b'; expected a name of letters, digits, '-' and '_' that \#
            begins with a letter, at most 63 characters long
            """#
        ),
        MistakeRow(
            "nothing for a name",
            #"""
              owners: [{name: }]
            """#,
            #"""
            7:19: 'name' is empty; expected a name of letters, digits, '-' and '_' that \#
            begins with a letter, at most 63 characters long
            """#
        ),
        MistakeRow(
            "a name that is there twice",
            #"""
              owners: [{name: a}, {name: a}]
            """#,
            #"""
            7:30: the owner 'a' is declared a second time, after line 7; expected another name
            """#
        ),
        MistakeRow(
            "a list as a key",
            #"""
              owners: [{[a]: b, name: c}]
            """#,
            #"""
            7:13: a list is no key; expected a name
            """#
        ),
        MistakeRow(
            "an objective that is no text",
            #"""
              objectives: [1, {a: b}, slo.yaml]
            """#,
            #"""
            7:16: item 1 of 'objectives' is 1; expected a path, in quotes
            7:19: item 2 of 'objectives' is a mapping; expected a path
            """#
        ),
        MistakeRow(
            "a store without a scheme",
            #"""
              stores: [{name: a, role: raw, url: data.db}]
            """#,
            #"""
            7:38: the store's url has no scheme; expected sqlite:<path>, memory:, mongodb://… \#
            or postgresql://…
            """#
        ),
        MistakeRow(
            "a store of an unknown scheme",
            #"""
              stores: [{name: a, role: raw, url: "postgres://u:secret@h/d"}]
            """#,
            #"""
            7:38: there is no store for 'postgres:'; did you mean 'postgresql'?
            """#
        ),
        MistakeRow(
            "a store without a path",
            #"""
              stores: [{name: a, role: raw, url: "sqlite:"}]
            """#,
            #"""
            7:38: the store's url names no file; expected sqlite:<path>
            """#
        ),
        MistakeRow(
            "a store of an unknown role",
            #"""
              stores: [{name: a, role: row}]
            """#,
            #"""
            7:28: 'role' is 'row'; did you mean 'raw'?
            """#
        ),
        MistakeRow(
            "a validation that is none",
            #"""
              validation: {earliest: yesterday, aheadLimit: -1d}
            """#,
            #"""
            7:26: 'earliest' is 'yesterday'; expected an instant of RFC 3339 such as \#
            1980-01-01T00:00:00Z
            7:49: 'aheadLimit' is '-1d'; expected a duration from 0s to 36500d, such as 600s, \#
            0.1s, 250ms, 10m, 2h or 7d
            """#
        ),
    ]

    private static let kinds = [
        MistakeRow(
            "a circle of calls",
            #"""
            apiVersion: weir/v1
            kind: Pipeline
            metadata: {name: p}
            spec:
              topics: [{name: t}]
              stages: [{name: s, kind: producer, publishes: t}]
              services:
                - {name: a, calls: [b]}
                - {name: b, calls: [c]}
                - {name: c, calls: [a]}
            """#,
            #"""
            10:25: calls go in a circle: service a → b → c → a; expected calls that do not \#
            lead back
            """#
        ),
        MistakeRow(
            "another kind and version",
            #"""
            apiVersion: weir/v2
            kind: pipeline
            metadata: {name: p}
            spec: {topics: [], stages: [{name: s, kind: producer, publishes: t}]}
            """#,
            #"""
            1:13: 'apiVersion' is 'weir/v2'; expected weir/v1
            2:7: 'kind' is 'pipeline'; expected Pipeline
            4:66: there is no topic 't'; none is declared
            """#
        ),
        MistakeRow(
            "a document of another kind",
            #"""
            kind: Scenario
            """#,
            #"""
            1:1: a document needs the key 'apiVersion'
            1:1: a document needs the key 'metadata'
            1:1: a document needs the key 'spec'
            1:7: 'kind' is 'Scenario'; expected Pipeline
            """#
        ),
        MistakeRow(
            "a text for a document",
            #"""
            hello
            """#,
            #"""
            1:1: the document is 'hello'; expected a mapping with apiVersion, kind, metadata, spec
            """#
        ),
        MistakeRow(
            "a list for a document",
            #"""
            - a
            """#,
            #"""
            1:1: the document is a list; expected a mapping with apiVersion, kind, metadata, spec
            """#
        ),
    ]
}
