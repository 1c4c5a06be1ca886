using Xunit.Sdk;
using Xunit.v3;

// One guest at a time: without hardware virtualisation each takes a core.
[assembly: Parallelization(Mode = ParallelMode.None)]
