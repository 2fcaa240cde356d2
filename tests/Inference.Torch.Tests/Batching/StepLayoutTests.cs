using Pharos.Inference.Torch.Batching;

namespace Pharos.Inference.Torch.Tests.Batching;

public sealed class StepLayoutTests
{
    [Fact]
    public void A_step_is_sent_in_the_order_of_its_groups_with_every_row_where_its_token_went()
    {
        var batch = AttentionGroupsTests.Batch((1, 20), (5, 5), (1, 200), (1, 36));
        batch.SlotMapping[0] = -1;
        var layout = new StepLayout(blockSize: 16, trashBlock: 99, mostPadding: 0.15, mostBlocks: 1000);
        layout.Plan(batch);

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
        var layout = new StepLayout(blockSize: 16, trashBlock: 99, mostPadding: 0.3, mostBlocks: 1000);
        layout.Plan(AttentionGroupsTests.Batch((1, 60), (1, 40)));
        Assert.Equal(1, layout.Groups.Length);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 99], layout.Data.AsSpan(layout.Tables, 8).ToArray());
    }
}
