using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Pharos.InProcess;

/// <summary>Emits a copier for one type, field by field. IL and not expression trees, since those refuse init-only fields.</summary>
internal static class MemberCopier
{
    private static readonly MethodInfo CopyValue = typeof(CopyContext).GetMethod(nameof(CopyContext.Copy))!;
    private static readonly MethodInfo TrackCopy = typeof(CopyContext).GetMethod(nameof(CopyContext.Track))!;
    private static readonly MethodInfo Uninitialized = typeof(RuntimeHelpers).GetMethod(nameof(RuntimeHelpers.GetUninitializedObject))!;
    private static readonly MethodInfo FromHandle = typeof(Type).GetMethod(nameof(Type.GetTypeFromHandle))!;

    public static Copier Emit(Type type, IReadOnlyList<FieldInfo> fields)
    {
        var method = new DynamicMethod($"Copy {type.Name}", typeof(object), [typeof(object), typeof(CopyContext)], typeof(MemberCopier).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        var source = il.DeclareLocal(type);
        var copy = il.DeclareLocal(type);

        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Unbox_Any, type);
        il.Emit(OpCodes.Stloc, source);
        EmitNew(il, type, copy);
        foreach (var field in fields) EmitField(il, type, field, source, copy);

        il.Emit(OpCodes.Ldloc, copy);
        if (type.IsValueType) il.Emit(OpCodes.Box, type);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Copier>();
    }

    private static void EmitNew(ILGenerator il, Type type, LocalBuilder copy)
    {
        if (type.IsValueType)
        {
            il.Emit(OpCodes.Ldloca, copy);
            il.Emit(OpCodes.Initobj, type);
            return;
        }

        if (type.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []) is { } constructor)
        {
            il.Emit(OpCodes.Newobj, constructor);
        }
        else
        {
            il.Emit(OpCodes.Ldtoken, type);
            il.Emit(OpCodes.Call, FromHandle);
            il.Emit(OpCodes.Call, Uninitialized);
            il.Emit(OpCodes.Castclass, type);
        }

        il.Emit(OpCodes.Stloc, copy);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, copy);
        il.Emit(OpCodes.Call, TrackCopy);
    }

    private static void EmitField(ILGenerator il, Type type, FieldInfo field, LocalBuilder source, LocalBuilder copy)
    {
        var load = type.IsValueType ? OpCodes.Ldloca : OpCodes.Ldloc;
        var shared = SharedTypes.ContainsDeclared(field.FieldType) || IsPromisedImmutable(field);
        il.Emit(load, copy);
        if (!shared) il.Emit(OpCodes.Ldarg_1);
        il.Emit(load, source);
        il.Emit(OpCodes.Ldfld, field);
        if (!shared)
        {
            if (field.FieldType.IsValueType) il.Emit(OpCodes.Box, field.FieldType);
            il.Emit(OpCodes.Call, CopyValue);
            il.Emit(OpCodes.Unbox_Any, field.FieldType);
        }

        il.Emit(OpCodes.Stfld, field);
    }

    private static bool IsPromisedImmutable(FieldInfo field)
    {
        if (field.IsDefined(typeof(ImmutableAttribute))) return true;
        if (field.Name[0] != '<') return false;
        var property = field.DeclaringType!.GetProperty(field.Name[1..field.Name.IndexOf('>')], BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);
        return property?.IsDefined(typeof(ImmutableAttribute)) ?? false;
    }
}
