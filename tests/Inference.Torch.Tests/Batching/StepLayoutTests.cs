using Pharos.Inference.Backend;
using Pharos.Inference.Models;
using Pharos.Inference.Torch.Batching;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.Tests.Batching;

public sealed class StepLayoutTests
{
    [Fact]
    public void A_step_is_sent_in_the_order_of_its_groups_with_every_row_where_its_token_went()
    {
        var batch = AttentionGroupsTests.Batch((1, 20), (5, 5), (1, 200), (1, 36));
        batch.SlotMapping[0] = -1;
        var layout = new StepLayout(blockSize: 16, trashBlock: 99, mostPadding: 0.15, mostBlocks: 1000, mostRebuilt: 1000);
        layout.Plan(batch, AttentionGroupsTests.Rows(batch), [0, 1, 2, 3]);

        var data = layout.Data.AsSpan(0, layout.Length);
        // Decodes first, the longest context before the others; then the prompt.
        Assert.Equal([199, 35, 19, 0, 1, 2, 3, 4], data.Slice(layout.Positions, 8).ToArray());
        Assert.Equal([6, 7, 0, 1, 2, 3, 4, 5], data.Slice(layout.TokenIds, 8).ToArray());
        Assert.Equal(99 * 16, data[layout.Slots + 2]); // it writes nothing: into the trash
        Assert.Equal(batch.SlotMapping[6], data[layout.Slots]);
        Assert.Equal([2, 7, 0, 1], data.Slice(layout.RowsOfLogits, 4).ToArray()); // in the batch's own order
    }

    [Fact]
    public void Shorter_tables_of_a_group_are_padded_with_trash()
    {
        var layout = new StepLayout(blockSize: 16, trashBlock: 99, mostPadding: 0.3, mostBlocks: 1000, mostRebuilt: 1000);
        var batch = AttentionGroupsTests.Batch((1, 60), (1, 40));
        layout.Plan(batch, AttentionGroupsTests.Rows(batch), [0, 1]);
        Assert.Equal(1, layout.Groups.Length);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 99], layout.Data.AsSpan(layout.Tables, 8).ToArray());
    }

    [Fact]
    public void Hidden_states_have_places_of_their_own_and_write_no_keys()
    {
        var batch = AttentionGroupsTests.Batch((1, 60), (1, 40));
        batch.Forms[1] = CacheForm.Hidden; // 40 tokens in two blocks of 32
        batch.SlotMapping[1] = 5 * 32 + 39 % 32;
        (batch.BlockTables[4], batch.BlockTables[5]) = (4, 5);
        var layout = new StepLayout(blockSize: 16, trashBlock: 99, mostPadding: 0.3, mostBlocks: 1000, mostRebuilt: 1000);
        layout.Plan(batch, AttentionGroupsTests.Rows(batch), [0, 1]);
        var data = layout.Data.AsSpan(0, layout.Length);
        Assert.Equal([59, 39], data.Slice(layout.Positions, 2).ToArray());
        Assert.Equal([batch.SlotMapping[0], 99 * 16], data.Slice(layout.Slots, 2).ToArray());
        Assert.Equal([99 * 16, 5 * 16 + 7], data.Slice(layout.HiddenPlaces, 2).ToArray());
        // The second half of a block lies where values would.
        Assert.Equal([0, 1, 2, 3, 4, 100 + 4, 5], data[layout.Tables..].ToArray());
    }

    [Fact]
    public void After_an_exit_what_stops_is_kept_and_what_was_kept_joins()
    {
        var batch = AttentionGroupsTests.Batch((1, 20), (1, 36));
        batch.Deficits[0] = default(Deficit).Stopping(0);
        var rows = new StepRows(4);
        rows.Begin(batch);
        var layout = new StepLayout(blockSize: 16, trashBlock: 99, mostPadding: 0.15, mostBlocks: 1000, mostRebuilt: 1000);
        layout.Plan(batch, rows, [0, 1]);
        rows.Regroup(batch, 16, exit: 0, stops: [false, true]);
        layout.Regroup(batch, rows, [0]);
        var data = layout.Data.AsSpan(0, layout.Length);
        Assert.Equal([18, 19], data.Slice(layout.Positions, 2).ToArray());
        // Of two rows the longer context came first: this one was row 1, and what joins is counted behind both.
        Assert.Equal([2, 1], data.Slice(layout.TokenIds, 2).ToArray());
        Assert.Equal([1], data.Slice(layout.RowsOfLogits, layout.LogitRows).ToArray());
        Assert.Equal([1 * 16 + 2], data.Slice(layout.JoinedSlots, layout.Joined).ToArray());
        Assert.Equal([0, batch.SlotMapping[1]], data.Slice(layout.KeptRows, 2).ToArray());
        Assert.Equal([0, 1], data[layout.Tables..].ToArray());
    }
}
