import Pipeline
import Testing

/// Mistakes of YAML itself.
@Suite struct DocumentYAMLTests {
    @Test(arguments: Self.rows)
    func `a mistake of YAML is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "an empty document",
            #"""

            """#,
            #"""
            1:1: the document is empty; expected apiVersion, kind, metadata and spec
            """#
        ),
        MistakeRow(
            "a document of comments",
            #"""
            # nothing


            """#,
            #"""
            1:1: the document is empty; expected apiVersion, kind, metadata and spec
            """#
        ),
        MistakeRow(
            "a null document",
            #"""
            ~
            """#,
            #"""
            1:1: the document is empty; expected a mapping with apiVersion, kind, metadata, spec
            """#
        ),
        MistakeRow(
            "two documents",
            #"""
            a: 1
            ---
            b: 2

            """#,
            #"""
            2:1: a second document begins here; expected one document in a file
            """#
        ),
        MistakeRow(
            "a bracket that stays open",
            #"""
            spec:
              topics: [{name: t}

            """#,
            #"""
            2:21: not YAML: did not find expected ',' or ']' (while parsing a flow sequence, \#
            which begins at line 2); check indentation, quotes and brackets up to here
            """#
        ),
        MistakeRow(
            "an indentation that is off",
            #"""
            spec:
              topics: []
             stages: []

            """#,
            #"""
            3:2: not YAML: did not find expected key (while parsing a block mapping, which \#
            begins at line 1); check indentation, quotes and brackets up to here
            """#
        ),
        MistakeRow(
            "a tab for indentation",
            #"""
            spec:
            \#ttopics: []

            """#,
            #"""
            2:1: not YAML: found character that cannot start any token (while scanning for \#
            the next token, which begins at line 2); check indentation, quotes and brackets \#
            up to here
            """#
        ),
        MistakeRow(
            "a quote that stays open",
            #"""
            kind: "Pipeline
            spec: 1

            """#,
            #"""
            2:8: not YAML: found unexpected end of stream (while scanning a quoted scalar, \#
            which begins at line 1); check indentation, quotes and brackets up to here
            """#
        ),
        MistakeRow(
            "a value on a line of its own",
            #"""
            spec:
              topics
              stages: []

            """#,
            #"""
            3:9: not YAML: mapping values are not allowed in this context; check indentation, \#
            quotes and brackets up to here
            """#
        ),
        MistakeRow(
            "a control character",
            #"""
            kind: Pipe\#u{7}line

            """#,
            #"""
            1:11: the character U+0007 cannot stand in YAML; remove it, or write it as an \#
            escape in double quotes
            """#
        ),
        MistakeRow(
            "a NUL",
            #"""
            kind: \#u{0}
            """#,
            #"""
            1:7: the character U+0000 cannot stand in YAML; remove it, or write it as an \#
            escape in double quotes
            """#
        ),
        MistakeRow(
            "an anchor that is not there",
            #"""
            apiVersion: *gone
            """#,
            #"""
            1:1: a document needs the key 'kind'
            1:1: a document needs the key 'metadata'
            1:1: a document needs the key 'spec'
            1:13: there is no anchor '&gone' before this alias; expected one above it, or \#
            quotes round a text that begins with *
            """#
        ),
        MistakeRow(
            "an alias in itself",
            #"""
            apiVersion: &a [*a]
            """#,
            #"""
            1:1: a document needs the key 'kind'
            1:1: a document needs the key 'metadata'
            1:1: a document needs the key 'spec'
            1:13: 'apiVersion' is a list; expected weir/v1
            1:17: there is no anchor '&a' before this alias; expected one above it, or quotes \#
            round a text that begins with *
            """#
        ),
        MistakeRow(
            "a tag",
            #"""
            apiVersion: !secret weir/v1
            """#,
            #"""
            1:1: a document needs the key 'kind'
            1:1: a document needs the key 'metadata'
            1:1: a document needs the key 'spec'
            1:13: the tag '!secret' is not known; expected none
            """#
        ),
        MistakeRow(
            "a merge key",
            #"""
            <<: {kind: Pipeline}
            """#,
            #"""
            1:1: a document needs the key 'apiVersion'
            1:1: a document needs the key 'kind'
            1:1: a document needs the key 'metadata'
            1:1: a document needs the key 'spec'
            1:1: merge keys (<<) are not followed; write the mapping's keys out, or use an \#
            alias for a whole value
            """#
        ),
        MistakeRow(
            "a key that is there three times",
            #"""
            kind: Pipeline
            kind: Pipeline
            metadata: {name: p, name: q}
            kind: 1

            """#,
            #"""
            1:1: a document needs the key 'apiVersion'
            1:1: a document needs the key 'spec'
            2:1: the key 'kind' stands here again, after line 1; expected it once
            3:21: the key 'name' stands here again, after line 3; expected it once
            4:1: the key 'kind' stands here again, after line 1; expected it once
            """#
        ),
        MistakeRow(
            "a quoted key that is there twice",
            #"""
            'kind': Pipeline
            "kind": Pipeline

            """#,
            #"""
            1:1: a document needs the key 'apiVersion'
            1:1: a document needs the key 'metadata'
            1:1: a document needs the key 'spec'
            2:1: the key 'kind' stands here again, after line 1; expected it once
            """#
        ),
    ]
}
