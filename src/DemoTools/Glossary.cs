using System.Collections.Frozen;

namespace Pharos.DemoTools;

/// <summary>A small dictionary, its definitions short enough for a small model to repeat.</summary>
public static class Glossary
{
    private static readonly FrozenDictionary<string, string> Terms = """
        quasar=a bright distant galaxy core
        entropy=a number for hidden disorder
        photon=a small piece of light
        neuron=a cell for fast signals
        glacier=a slow river of ice
        osmosis=a flow of water through a thin wall
        algorithm=a list of simple steps
        isotope=a kind of atom with a different weight
        fjord=a narrow sea between steep mountains
        haiku=a short poem of three lines
        sonnet=a poem of fourteen lines
        fugue=a tune that follows its own shadow
        enzyme=a tool of the living cell
        catalyst=a thing that makes others react
        compiler=a program that translates programs
        recursion=a rule that uses the same rule
        monsoon=a season of heavy rain
        tundra=a cold plain without trees
        savanna=a dry plain with few trees
        estuary=a river mouth near the sea
        magma=a hot stone under the ground
        comet=a frozen stone with a bright tail
        nebula=a wide cloud between the stars
        pulsar=a spinning star with a fast pulse
        quark=a small part of a proton
        gene=a piece of code in a cell
        genome=the whole code of an animal or plant
        vector=a list of numbers with a direction
        matrix=a table of numbers
        prism=a piece of glass that parts light
        laser=a strong light of one colour
        transistor=a small switch for electric signals
        kernel=the core of a system
        thread=a line of work in a program
        mutex=a lock for one thread
        semaphore=a counter that lets few threads pass
        cache=a small memory near the machine
        cluster=a group of machines
        scheduler=a program that orders the work
        latency=the time before the answer
        throughput=the work done in a second
        bandwidth=the width of a data path
        protocol=a set of rules for messages
        router=a machine that sends packets on
        firewall=a wall against strange packets
        cipher=a way to write in secret
        token=a small piece of text
        parser=a program that reads structure
        grammar=the rules of a language
        metaphor=a word in the place of another
        irony=a word that means its opposite
        inflation=a slow rise of prices
        tariff=a tax on goods from abroad
        orchid=a rare flower of warm forests
        lichen=a fungus and a plant in one body
        narwhal=a whale with one long tooth
        axolotl=a water animal that stays young
        black hole=a star so heavy that light stays in
        binary tree=a tree with two paths at each point
        hash table=a list that finds things by number
        prime number=a number without small parts
        dark matter=the hidden weight of the sky
        supernova=a star that ends in bright fire
        volcano=a mountain with fire under it
        deadlock=two threads that wait for each other
        load balancer=a machine that shares out the work
        """.Split('\n').Select(line => line.Trim().Split('=')).ToFrozenDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);

    public static DemoAnswer Look(string term) =>
        Terms.TryGetValue(term.Trim().Replace('_', ' '), out var meaning) ? DemoAnswer.Text(meaning) : DemoAnswer.Error("no such term");
}
