/// SQL that makes the columns of a SQLite file take anything, as those of a file that an older
/// version or another program has made; other connections see it once this one is closed.
package let looseningColumns = """
    PRAGMA writable_schema = ON;
    UPDATE sqlite_master SET sql = replace(replace(replace(replace(sql,
        'WITHOUT ROWID, STRICT', 'WITHOUT ROWID'), ') STRICT', ')'),
        ' NOT NULL', ''), 'CHECK (kind IN (''root'', ''derivative''))', '')
    WHERE type = 'table';
    PRAGMA writable_schema = OFF;
    """
