import Testing

/// Mistakes that any kind of document can have, and those of Service and DataSource.
@Suite struct OpenSLODocumentTests {
    @Test(arguments: Self.rows)
    func `a mistake of a document is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "an older version",
            [
                (
                    "apiVersion: openslo/v1\nkind: Service",
                    "apiVersion: openslo/v1alpha\nkind: Service"
                )
            ],
            "1:13: 'apiVersion' is 'openslo/v1alpha'; expected openslo/v1"
        ),
        MistakeRow(
            "no version",
            [
                (
                    "apiVersion: openslo/v1\nkind: Service\n",
                    "kind: Service\n"
                )
            ],
            "1:1: a document needs the key 'apiVersion'"
        ),
        MistakeRow(
            "a misspelt kind",
            [
                (
                    "kind: DataSource",
                    "kind: Datasource"
                )
            ],
            "7:7: 'kind' is 'Datasource'; did you mean 'DataSource'?"
        ),
        MistakeRow(
            "an unknown kind",
            [
                (
                    "kind: Service",
                    "kind: Team"
                )
            ],
            "2:7: 'kind' is 'Team'; expected one of Service, DataSource, SLI, SLO, "
                + "AlertPolicy, AlertCondition, AlertNotificationTarget"
        ),
        MistakeRow(
            "no kind",
            [
                (
                    "kind: Service\n",
                    ""
                )
            ],
            "1:1: a document needs the key 'kind'; expected one of Service, DataSource, "
                + "SLI, SLO, AlertPolicy, AlertCondition, AlertNotificationTarget"
        ),
        MistakeRow(
            "a misspelt key for the kind",
            [
                (
                    "kind: Service",
                    "knid: Service"
                )
            ],
            "2:1: unknown key 'knid' in a document; did you mean 'kind'?"
        ),
        MistakeRow(
            "a document that is a text",
            [
                (
                    "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: checkout}\n"
                        + "spec: {description: Checkout API}",
                    "Service"
                )
            ],
            "1:1: the document is 'Service'; expected a mapping with apiVersion, kind, "
                + "metadata, spec"
        ),
        MistakeRow(
            "a key too many",
            [
                (
                    "kind: Service",
                    "kind: Service\nstatus: {}"
                )
            ],
            "3:1: unknown key 'status' in a document; expected one of apiVersion, kind, "
                + "metadata, spec"
        ),
        MistakeRow(
            "no metadata",
            [
                (
                    "metadata: {name: checkout}\n",
                    ""
                )
            ],
            "1:1: a document needs the key 'metadata'"
        ),
        MistakeRow(
            "no name",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {displayName: Checkout}"
                )
            ],
            "3:11: the metadata needs the key 'name'"
        ),
        MistakeRow(
            "a misspelt key of the metadata",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: checkout, displayname: Checkout}"
                )
            ],
            "3:28: unknown key 'displayname' in the metadata; did you mean 'displayName'?"
        ),
        MistakeRow(
            "a name in capitals",
            [
                (
                    "metadata: {name: local-prom}",
                    "metadata: {name: LocalProm}"
                )
            ],
            "8:18: 'name' is 'LocalProm'; expected a name of lower-case letters, digits and "
                + "'-' that begins and ends with a letter or digit, at most 63 characters long, "
                + "such as local-prom",
            "17:45: there is no DataSource 'local-prom'; none is declared",
            "18:45: there is no DataSource 'local-prom'; none is declared"
        ),
        MistakeRow(
            "a name with a line below",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: check_out}"
                )
            ],
            "3:18: 'name' is 'check_out'; expected a name of lower-case letters, digits and "
                + "'-' that begins and ends with a letter or digit, at most 63 characters long, "
                + "such as check-out"
        ),
        MistakeRow(
            "a name that ends in a hyphen",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: checkout-}"
                )
            ],
            "3:18: 'name' is 'checkout-'; expected a name of lower-case letters, digits and "
                + "'-' that begins and ends with a letter or digit, at most 63 characters long, "
                + "such as checkout"
        ),
        MistakeRow(
            "an empty name",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: \"\"}"
                )
            ],
            "3:18: 'name' is ''; expected a name of lower-case letters, digits and '-' that "
                + "begins and ends with a letter or digit, at most 63 characters long"
        ),
        MistakeRow(
            "a name that YAML takes for a number",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: 1e3}"
                )
            ],
            "3:18: 'name' is 1e3; expected a name, in quotes where YAML takes it for "
                + "something else"
        ),
        MistakeRow(
            "a name that YAML takes for true",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: on}"
                )
            ],
            "3:18: 'name' is 'on'; expected a name, in quotes where YAML takes it for "
                + "something else"
        ),
        MistakeRow(
            "a display name that is a number",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: checkout, displayName: 5}"
                )
            ],
            "3:41: 'displayName' is 5; expected a text, in quotes"
        ),
        MistakeRow(
            "a label's key with a space",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: checkout, labels: {a b: c}}"
                )
            ],
            "3:37: 'a b' is no key of a label; expected letters, digits, '-', '_' and '.', "
                + "at most 63 of them, with a letter or digit at both ends"
        ),
        MistakeRow(
            "a label that is a number",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: checkout, labels: {a: 1, b: [x, true], c: {d: e}}}"
                )
            ],
            "3:40: 'a' is 1; expected a text or a list of texts, in quotes",
            "3:50: item 2 of 'b' is true; expected a text or a list of texts, in quotes",
            "3:60: 'c' is a mapping; expected a text or a list of texts"
        ),
        MistakeRow(
            "an annotation's key with two prefixes",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: checkout, annotations: {a/b/c: x}}"
                )
            ],
            "3:42: 'a/b/c' is no key of an annotation; expected a name of letters, digits, "
                + "'-', '_' and '.', at most 63 of them, after a domain and '/' where it is "
                + "somebody's own"
        ),
        MistakeRow(
            "an annotation's prefix that is no domain",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: checkout, annotations: {Shop.com/x: x}}"
                )
            ],
            "3:42: 'Shop.com/x' is no key of an annotation; expected a name of letters, "
                + "digits, '-', '_' and '.', at most 63 of them, after a domain and '/' where it "
                + "is somebody's own"
        ),
        MistakeRow(
            "an annotation that is a number",
            [
                (
                    "metadata: {name: checkout}",
                    "metadata: {name: checkout, annotations: {a: 5, b: [x]}}"
                )
            ],
            "3:45: 'a' is 5; expected a text, in quotes",
            "3:51: 'b' is a list; expected a text"
        ),
        MistakeRow(
            "a key of the spec that is unknown",
            [
                (
                    "spec: {description: Checkout API}",
                    "spec: {descripton: Checkout API}"
                )
            ],
            "4:8: unknown key 'descripton' in a Service's spec; did you mean 'description'?"
        ),
        MistakeRow(
            "a data source without a type",
            [
                (
                    "spec: {type: Prometheus, connectionDetails: {url: "
                        + "\"http://127.0.0.1:9090\"}}",
                    "spec: {connectionDetails: {}}"
                )
            ],
            "9:7: a DataSource's spec needs the key 'type'"
        ),
        MistakeRow(
            "a data source without details",
            [
                (
                    ", connectionDetails: {url: \"http://127.0.0.1:9090\"}",
                    ""
                )
            ],
            "9:7: a DataSource's spec needs the key 'connectionDetails'; expected what it takes to "
                + "reach the source, or {} for nothing"
        ),
    ]
}
