// A gateway and a browser use all cores together: their tests take turns.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
