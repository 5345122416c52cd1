"""Which shards of Vitess the statements of the metadata store go to, as its VSchema lets Vitess see it."""
