// Every gateway of a test uses all cores, and a test that shares them with another would find less of what it looks for.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
